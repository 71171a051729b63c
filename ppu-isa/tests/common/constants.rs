//! Machines whose pipeline has other constants.

use ppu_isa::TimingConfig;
use proptest::prelude::*;

/// Constants of the pipeline.
pub(crate) fn timing() -> impl Strategy<Value = TimingConfig> {
    let scalar = (1u8..4, 1u8..5, 1u8..6, 1u8..9);
    let memory = (2u8..7, 1u8..7, 2u8..5, 1u8..5);
    let lines = (0u8..4, 1u8..4, 1u8..17);
    let queues = (2u8..14, 1u8..5, 0u8..4);
    (any::<bool>(), scalar, memory, lines, queues).prop_map(|(simple, scalar, memory, lines, queues)| {
        TimingConfig {
            simple: if simple { 1 } else { scalar.0 },
            base_update: scalar.1,
            load_place: scalar.2,
            multiplier: scalar.3,
            memory: memory.0,
            command: memory.1,
            cancelled: memory.2,
            answers: memory.3,
            line_request: lines.0,
            line_port: lines.1,
            predictor_entries: lines.2,
            access_queue: queues.0,
            vector_transit: queues.1,
            answer_room: queues.2,
            ..TimingConfig::hicann_x()
        }
    })
}

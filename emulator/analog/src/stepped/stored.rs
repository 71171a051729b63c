//! Snapshots: what is written of a simulation, and what is believed of one that is read.

use super::fleet;
use super::simulation::{Fire, Options, Place, Pulse, Simulation, check_debug, check_stimulus};
use super::unit::{self, Pending};
use crate::parameters::Line;
use crate::reference::{Circuit, Input, ReferenceError, Stimulus};
use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// Everything that makes the future of a simulation. Present steps are made again from where they begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    options: Options,
    now: u64,
    circuits: Vec<(Neuron, Circuit)>,
    stimuli: [Stimulus; 2],
    debug: Vec<[Option<f64>; 2]>,
    standings: Vec<Standing>,
    arrivals: u64,
    inputs: Vec<StoredInput>,
    pulses: Vec<StoredPulse>,
    fires: Vec<Fire>,
}

/// Where a circuit stands, by how it is computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Standing {
    Alone(fleet::Standing),
    Joined(unit::Standing),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct StoredInput {
    circuit: usize,
    time: u64,
    arrival: u64,
    input: Input,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct StoredPulse {
    time: u64,
    hemisphere: Hemisphere,
    line: Line,
    #[serde(deserialize_with = "crate::whole::table::<COLUMNS, _, _>")]
    charges: Vec<f32>,
}

/// Why a snapshot is not believed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum StoredError {
    #[error("a snapshot of stepped circuits: {0}")]
    Circuits(#[from] ReferenceError),
    #[error("a snapshot of stepped circuits has {found} {what} for {circuits} circuits")]
    Count { what: &'static str, found: usize, circuits: usize },
    #[error("a snapshot of stepped circuits: neuron {} stands where no circuit can", .0.index())]
    Standing(Neuron),
    #[error("a snapshot of stepped circuits: joined circuits contradict each other")]
    Contradiction,
    #[error("a snapshot of stepped circuits: pulses in the past or out of order")]
    Pulses,
}

impl From<Simulation> for Stored {
    fn from(simulation: Simulation) -> Self {
        let Simulation {
            options,
            circuits,
            stimuli,
            debug,
            fleet,
            units,
            places,
            now,
            arrivals,
            pulses,
            mut fires,
            ..
        } = simulation;
        fires.sort_by_key(|fire| (fire.edge, fire.neuron));
        let standing = |place: &Place| match *place {
            Place::Alone(lane) => Standing::Alone(fleet.standing(lane)),
            Place::Joined(unit, lane) => Standing::Joined(units[unit].standing(lane)),
        };
        let standings = places.iter().map(standing).collect();
        let mut inputs = Vec::new();
        let fleet_input = |Pending { time, lane, arrival, input }: &Pending| StoredInput {
            circuit: fleet.members[*lane].circuit,
            time: *time,
            arrival: *arrival,
            input: *input,
        };
        inputs.extend(fleet.inputs.iter().map(fleet_input));
        for unit in &units {
            for strand in &unit.strands {
                inputs.extend(strand.inputs.iter().map(|Pending { time, lane, arrival, input }| {
                    StoredInput {
                        circuit: unit.members[*lane].circuit,
                        time: *time,
                        arrival: *arrival,
                        input: *input,
                    }
                }));
            }
        }
        inputs.sort_by_key(|input| input.arrival);
        let pulse = |Pulse { time, hemisphere, line, charges }: Pulse| StoredPulse {
            time,
            hemisphere,
            line,
            charges: charges.to_vec(),
        };
        let pulses = pulses.into_iter().map(pulse).collect();
        Self { options, now, circuits, stimuli, debug, standings, arrivals, inputs, pulses, fires }
    }
}

impl TryFrom<Stored> for Simulation {
    type Error = StoredError;

    fn try_from(stored: Stored) -> Result<Self, StoredError> {
        let Stored { options, now, circuits, stimuli, debug, standings, arrivals, inputs, pulses, fires } =
            stored;
        let count = circuits.len();
        for (what, found) in [("states", standings.len()), ("debug switches", debug.len())] {
            if found != count {
                return Err(StoredError::Count { what, found, circuits: count });
            }
        }
        stimuli.iter().try_for_each(|stimulus| check_stimulus(*stimulus))?;
        debug.iter().flatten().try_for_each(|voltage| check_debug(*voltage))?;
        for ((neuron, _), standing) in circuits.iter().zip(&standings) {
            let possible = match standing {
                Standing::Alone(own) => own.is_possible(now),
                Standing::Joined(own) => own.is_possible(now),
            };
            if !possible {
                return Err(StoredError::Standing(*neuron));
            }
        }
        let mut simulation = Self::start(circuits, options, now, stimuli, Some(debug))?;
        for (index, standing) in standings.iter().enumerate() {
            match (simulation.places[index], standing) {
                (Place::Alone(lane), Standing::Alone(own)) => simulation.fleet.restore(lane, own),
                (Place::Joined(..), Standing::Joined(_)) => {}
                _ => return Err(StoredError::Contradiction),
            }
        }
        for unit in &mut simulation.units {
            let joined = |member: &unit::Member| match standings[member.circuit] {
                Standing::Joined(own) => Ok(own),
                Standing::Alone(_) => Err(StoredError::Contradiction),
            };
            let own: Vec<_> = unit.members.iter().map(joined).collect::<Result<_, _>>()?;
            if !unit.restore(&own) {
                return Err(StoredError::Contradiction);
            }
        }
        for StoredInput { circuit, time, arrival, input } in inputs {
            let Some((neuron, _)) = simulation.circuits.get(circuit) else {
                return Err(StoredError::Count {
                    what: "inputs beyond the last one",
                    found: 1,
                    circuits: count,
                });
            };
            simulation.arrivals = arrival;
            simulation.input(SimTime::from_ps(time), *neuron, input)?;
        }
        simulation.arrivals = arrivals;
        for StoredPulse { time, hemisphere, line, charges } in pulses {
            let charges = <[f32; COLUMNS]>::try_from(charges).map_err(|_| StoredError::Pulses)?;
            let pulse = Pulse { time, hemisphere, line, charges };
            let before = simulation.pulses.back().map_or((now, 0, 0), Pulse::key);
            if pulse.key() < before {
                return Err(StoredError::Pulses);
            }
            simulation.pulses.push_back(pulse);
        }
        simulation.fires = fires;
        Ok(simulation)
    }
}

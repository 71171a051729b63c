//! Bits without a model are named when a program relies on them.

use std::sync::{Arc, Mutex};

use bss2_chip::registers::{Location, RegisterFile, decode};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Collects the messages of events.
#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<String>>>);

impl Subscriber for Messages {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "registers"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Message(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}

#[test]
fn a_bit_that_is_not_understood_is_reported_once_by_name() {
    let messages = Messages::default();
    tracing::subscriber::with_default(messages.clone(), || {
        let mut chip = RegisterFile::chip();
        let Some(Location::Register(pll)) = decode(0x0008_0003) else { panic!() };
        let default = chip.read(pll);
        chip.write(pll, default);
        assert!(messages.0.lock().unwrap().is_empty(), "the reset value is harmless");
        // pfd_select
        chip.write(pll, default | 1 << 20);
        chip.write(pll, default);
        chip.write(pll, default | 1 << 20);
    });
    let messages = messages.0.lock().unwrap();
    let expected = "ADPLL.pfd_select = 0x1 (first at ADPLL[adpll 1].upper): known but not modelled";
    assert_eq!(*messages, [expected]);
}

//! What the server reports, as lines of JSON.

use std::fmt::Debug;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::text;

/// Prints every event of the log to standard output: `{"event": "log", "level": ..., "target": ..., "message": ...}`.
pub(in crate::commands) struct JsonLog;

impl<S: Subscriber> Layer<S> for JsonLog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut object = Map::new();
        let metadata = event.metadata();
        object.insert("event".into(), "log".into());
        object.insert("level".into(), metadata.level().as_str().to_lowercase().into());
        object.insert("target".into(), metadata.target().into());
        event.record(&mut Fields(&mut object));
        text::print(&format!("{}\n", Value::Object(object)));
    }
}

/// Takes over the fields of an event; its text is the field `message`.
struct Fields<'o>(&'o mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

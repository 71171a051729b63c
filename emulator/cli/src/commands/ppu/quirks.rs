//! `--quirk NAME=VALUE`: where the processor differs from what is usual, or from what silicon does (ppu-isa 10).

use ppu_isa::{Quirks, VectorInit};
use serde_json::Value;

use crate::commands::values::integer;

/// A quirk switch with its new value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quirk {
    name: String,
    value: Value,
}

impl Quirk {
    /// Reads `NAME=VALUE`: `on` or `off`, a number, or for `vrf_init` `zero` or `random:SEED`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("no '=': write NAME=VALUE")?;
        let name = name.replace('-', "_");
        let known = serde_json::to_value(Quirks::default()).map_err(|error| error.to_string())?;
        let Some(present) = known.get(&name) else {
            let names: Vec<&str> =
                known.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            return Err(format!("no quirk '{name}'; there are {}", names.join(", ")));
        };
        let value = match present {
            Value::Bool(_) => match value {
                "on" | "true" | "1" => Value::Bool(true),
                "off" | "false" | "0" => Value::Bool(false),
                _ => return Err(format!("'{value}' is neither on nor off")),
            },
            Value::Number(_) => {
                let number = integer(value).and_then(|number| u32::try_from(number).ok());
                number.ok_or_else(|| format!("'{value}' is no number of 32 bits"))?.into()
            }
            _ => vector_init(value)?,
        };
        Ok(Self { name, value })
    }

    /// The quirks with this one changed.
    pub(super) fn apply(&self, quirks: Quirks) -> Result<Quirks, serde_json::Error> {
        let mut all = serde_json::to_value(quirks)?;
        if let Some(place) = all.get_mut(&self.name) {
            place.clone_from(&self.value);
        }
        serde_json::from_value(all)
    }
}

fn vector_init(text: &str) -> Result<Value, String> {
    let init = match text.strip_prefix("random:") {
        Some(seed) => {
            let seed = integer(seed).and_then(|seed| u64::try_from(seed).ok());
            VectorInit::Random(seed.ok_or_else(|| format!("'{text}' has no seed behind 'random:'"))?)
        }
        None if text == "zero" => VectorInit::Zero,
        None => return Err(format!("'{text}' is neither zero nor random:SEED")),
    };
    serde_json::to_value(init).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> Quirks {
        Quirk::parse(text).unwrap().apply(Quirks::default()).unwrap()
    }

    #[test]
    fn every_quirk_has_its_switch() {
        assert!(!changed("illegal_nop=off").illegal_nop);
        assert!(!changed("interrupt-shadow=0").interrupt_shadow);
        assert_eq!(changed("spr_unknown_read=0xdead").spr_unknown_read, 0xdead);
        assert_eq!(changed("vrf_init=random:7").vrf_init, VectorInit::Random(7));
        assert_eq!(changed("vrf_init=zero"), Quirks::default());
    }

    #[test]
    fn what_is_no_quirk_is_refused_with_a_reason() {
        for (text, words) in [
            ("illegal_nop", "no '='"),
            ("nothing=on", "there are alignment_shadow, "),
            ("shift_mod32=maybe", "neither on nor off"),
            ("spr_unknown_read=-1", "no number of 32 bits"),
            ("vrf_init=one", "neither zero nor random"),
            ("vrf_init=random:x", "no seed"),
        ] {
            let error = Quirk::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}

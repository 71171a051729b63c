//! Tables of fixed size in snapshots: one of another size is refused.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A table of `N` entries.
pub(crate) fn table<'de, const N: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    check::<N, T, D::Error>(Vec::deserialize(deserializer)?)
}

/// Two tables of `N` entries each.
pub(crate) fn tables<'de, const N: usize, T, D>(deserializer: D) -> Result<[Vec<T>; 2], D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let [one, other] = <[Vec<T>; 2]>::deserialize(deserializer)?;
    Ok([check::<N, T, D::Error>(one)?, check::<N, T, D::Error>(other)?])
}

fn check<const N: usize, T, E: Error>(table: Vec<T>) -> Result<Vec<T>, E> {
    match table.len() {
        found if found != N => {
            Err(E::custom(format_args!("a table of the analog core has {found} entries instead of {N}")))
        }
        _ => Ok(table),
    }
}

//! Arrays of any length as serde sequences whose length is checked on the way in (serde itself stops at 32).

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

pub(crate) fn serialize<S: Serializer, T: Serialize, const N: usize>(
    array: &[T; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(array)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>, const N: usize>(
    deserializer: D,
) -> Result<[T; N], D::Error> {
    let items = Vec::<T>::deserialize(deserializer)?;
    <[T; N]>::try_from(items).map_err(|items| Error::invalid_length(items.len(), &"as many as the chip has"))
}

/// The same for an array on the heap, which never passes the stack.
pub(crate) mod boxed {
    use super::*;

    pub(crate) use super::serialize;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<Box<[T; N]>, D::Error> {
        let items = Vec::<T>::deserialize(deserializer)?;
        <Box<[T; N]>>::try_from(items)
            .map_err(|items| Error::invalid_length(items.len(), &"as many as the chip has"))
    }
}

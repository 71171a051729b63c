//! Structures that host and firmware share: the Rust side of C structures, byte by byte.
//!
//! A host finds a structure by its ELF symbol and transfers it as 32-bit words (numeric word = big-endian bytes, ppu-isa 6.6). That
//! these declarations and the C ones agree in names, offsets and types is tested against the debug information of the images.

/// A member of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, the same in C and Rust.
    pub name: &'static str,
    /// First byte, counted from the start of the structure.
    pub offset: usize,
    /// Its type in C, `uint32_t` or `uint8_t[16]`.
    pub c_type: String,
}

/// A structure shared with firmware. It has no padding and its size is a multiple of four bytes.
pub trait Block: Sized {
    /// The tag of the C structure.
    const TAG: &'static str;
    /// Size in bytes.
    const SIZE: usize;

    /// Its members in order.
    fn fields() -> Vec<Field>;
    /// As it lies in the processor's memory.
    fn to_bytes(&self) -> Vec<u8>;
    /// From memory; `None` if there are fewer than [`Block::SIZE`] bytes. More are ignored.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;

    /// As the words a host writes.
    fn to_words(&self) -> Vec<u32> {
        let bytes = self.to_bytes();
        bytes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])).collect()
    }
    /// From the words a host reads; `None` if there are too few.
    fn from_words(words: &[u32]) -> Option<Self> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        Self::from_bytes(&bytes)
    }
}

/// A type of a member.
pub(crate) trait Value: Sized {
    const SIZE: usize;
    fn c_type() -> String;
    fn write(&self, bytes: &mut Vec<u8>);
    fn read(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ident $c:literal)*) => {$(
        impl Value for $type {
            const SIZE: usize = size_of::<$type>();
            fn c_type() -> String {
                $c.into()
            }
            fn write(&self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_be_bytes());
            }
            fn read(bytes: &mut &[u8]) -> Option<Self> {
                let (value, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_be_bytes(*value))
            }
        }
    )*};
}
integers! { u8 "uint8_t" i8 "int8_t" u16 "uint16_t" u32 "uint32_t" i32 "int32_t" }

impl<T: Value, const N: usize> Value for [T; N] {
    const SIZE: usize = N * T::SIZE;
    fn c_type() -> String {
        format!("{}[{N}]", T::c_type())
    }
    fn write(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|value| value.write(bytes));
    }
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let values: Vec<T> = (0..N).map(|_| T::read(bytes)).collect::<Option<_>>()?;
        values.try_into().ok()
    }
}

/// Declares a structure shared with firmware, with the tag it has in C.
macro_rules! block {
    ($(#[$attribute:meta])* $name:ident $tag:literal { $($(#[$documentation:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$documentation])* pub $field: $type,)*
        }

        impl $crate::block::Block for $name {
            const TAG: &'static str = $tag;
            const SIZE: usize = 0 $(+ <$type as $crate::block::Value>::SIZE)*;

            fn fields() -> Vec<$crate::block::Field> {
                let mut end = 0;
                vec![$({
                    end += <$type as $crate::block::Value>::SIZE;
                    $crate::block::Field {
                        name: stringify!($field),
                        offset: end - <$type as $crate::block::Value>::SIZE,
                        c_type: <$type as $crate::block::Value>::c_type(),
                    }
                }),*]
            }
            fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::with_capacity(Self::SIZE);
                $($crate::block::Value::write(&self.$field, &mut bytes);)*
                bytes
            }
            fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
                let bytes = &mut bytes;
                Some(Self { $($field: $crate::block::Value::read(bytes)?,)* })
            }
        }
    };
}
pub(crate) use block;

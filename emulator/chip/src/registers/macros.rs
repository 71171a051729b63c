//! The one macro with which registers are written down.

/// Describes a block of registers and makes its typed struct.
///
/// ```text
/// register_block! {
///     /// Title (source). Further lines: what else a reader must know.
///     Name {
///         space: Chip,                                        // who keeps it: see `Space`
///         address: 0x10_0000, [side: table(&[0x0, 0x8000]), neuron: stride(128, 4)],
///         host_refuses_reads_on: [Hardware],                  // optional, likewise the following three
///         host_word_order: [1, 0],
///         word_encoding: Gray,
///         status: Modelled,
///     }
///     word first (ReadWrite, reset = HostDefault) {           // reset = 0 when not given
///         /// What the field means.
///         name: u8 [0..=5] as Inverted accepts 1..=31 = 3, Modelled;
///         /// A bit that is stored under an inverted name.
///         enable_x ("disable_x"): bool [6] as Inverted = true;
///     }
///     word second + 0x40 (ReadOnly) { ... }                   // offset when it is not the word's number
/// }
/// ```
///
/// `= 3` is the value in a default-constructed host container; `accepts` the raw values an unmodified host
/// can decode. The struct has the values as members, `from_words` / `to_words` convert, `Default` is the host
/// default.
macro_rules! register_block {
    (
        $(#[doc = $doc:literal])+
        $name:ident {
            space: $space:ident,
            address: $base:literal, [$($axis:ident: $steps:expr),* $(,)?],
            $(host_refuses_reads_on: [$($connection:ident),+],)?
            $(host_word_order: [$($order:literal),+],)?
            $(word_encoding: $word_encoding:ident,)?
            $(status: $status:ident,)?
        }
        $(
            word $word:ident $(+ $offset:literal)? $(at ($own:literal + $own_stride:literal * $own_axis:ident))?
            ($access:ident $(, reset = $reset:ident $(($reset_value:literal))?)?) {
                $(
                    $(#[doc = $field_doc:literal])+
                    $field:ident $(($register_name:literal))?: $type:ident $(<$inner:ident>)?
                    [$lsb:literal $(..= $msb:literal)?]
                    $(as $encoding:ident)? $(accepts $low:literal ..= $high:literal)? $(= $default:literal)?
                    $(, $field_status:ident)?;
                )+
            }
        )+
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(
                $(#[doc = $field_doc])+
                pub $field: $type $(<$inner>)?,
            )+)+
        }

        impl $name {
            /// Where it lives and what its bits mean.
            pub const DESCRIPTION: $crate::registers::BlockDescription = {
                use $crate::registers::description::*;
                BlockDescription {
                    name: stringify!($name),
                    space: Space::$space,
                    base: $base,
                    axes: &[$(Axis { name: stringify!($axis), steps: $steps }),*],
                    host_refuses_reads_on: &[$($(Connection::$connection),+)?],
                    host_word_order: first_of!($(Some(&[$($order),+]),)? None),
                    word_encoding: first_of!($(WordEncoding::$word_encoding,)? WordEncoding::Plain),
                    status: first_of!($(Status::$status,)? Status::StoredOnly),
                    words: &[$(Word {
                        name: stringify!($word),
                        place: first_of!(
                            $(Place::Offset($offset),)?
                            $(Place::Own { base: $own, stride: $own_stride },)?
                            Place::InOrder
                        ),
                        access: Access::$access,
                        reset: first_of!($(Reset::$reset $(($reset_value))?,)? Reset::Zero),
                        fields: &[$(Field {
                            name: stringify!($field),
                            register_name: first_of!($($register_name,)? stringify!($field)),
                            bits: bits!($lsb $(..= $msb)? $(as $encoding)?),
                            host_accepts: first_of!($(Some(($low, $high)),)? None),
                            host_default: first_of!($(Some($default as i64),)? None),
                            status: first_of!($(Some(Status::$field_status),)? None),
                            doc: &[$($field_doc),+],
                        }),+],
                    }),+],
                    doc: &[$($doc),+],
                }
            };

            /// Number of words.
            pub const WORDS: usize = Self::DESCRIPTION.words.len();

            /// The values in the raw words of one instance.
            pub fn from_words(words: &[u32; Self::WORDS]) -> Self {
                use $crate::registers::description::*;
                let [$($word),+] = words.map(|word| Self::DESCRIPTION.word_encoding.decode(word));
                Self {
                    $($(
                        $field: FieldValue::from_value(bits!($lsb $(..= $msb)? $(as $encoding)?).decode($word)),
                    )+)+
                }
            }

            /// The raw words that hold these values; bits that no field covers are 0.
            pub fn to_words(&self) -> [u32; Self::WORDS] {
                use $crate::registers::description::*;
                let words = [$(
                    0 $(| bits!($lsb $(..= $msb)? $(as $encoding)?).encode(self.$field.to_value()))+
                ),+];
                words.map(|word| Self::DESCRIPTION.word_encoding.encode(word))
            }
        }

        /// What a default-constructed host container holds.
        impl Default for $name {
            fn default() -> Self {
                let mut words = [0; Self::WORDS];
                for (index, word) in words.iter_mut().enumerate() {
                    *word = Self::DESCRIPTION.host_default(index);
                }
                Self::from_words(&words)
            }
        }

        impl $crate::registers::TypedBlock for $name {
            const BLOCK: $crate::registers::Block = $crate::registers::Block::$name;
            type Words = [u32; $name::WORDS];
            fn from_words(words: &Self::Words) -> Self {
                Self::from_words(words)
            }
            fn to_words(&self) -> Self::Words {
                self.to_words()
            }
        }
    };
}
pub(crate) use register_block;

/// The first of its arguments: how an optional part of a row gets its default.
macro_rules! first_of {
    ($first:expr $(, $rest:expr)* $(,)?) => {
        $first
    };
}
pub(crate) use first_of;

/// Place and encoding of a field: `bits!(0..=5 as Inverted)`, `bits!(7)`.
macro_rules! bits {
    ($lsb:literal $(as $encoding:ident)?) => {
        bits!($lsb..=$lsb $(as $encoding)?)
    };
    ($lsb:literal ..= $msb:literal) => {
        bits!($lsb..=$msb as Plain)
    };
    ($lsb:literal ..= $msb:literal as $encoding:ident) => {
        Bits { lsb: $lsb, width: $msb - $lsb + 1, encoding: Encoding::$encoding }
    };
}
pub(crate) use bits;

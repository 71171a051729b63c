//! Watching a processor: every effect of every instruction passes through an [`Observer`].
//!
//! The observer is a generic parameter of execution, and its methods do nothing by default, so that the unobserved
//! processor and the observed one are compiled from the same source and the former pays nothing.

use crate::bus::ByteEnables;
use crate::interrupt::Interrupt;
use crate::spr::Spr;
use crate::timing::{Account, Slot, Stalls};
use crate::vector::{LaneMask, Vector};

/// Something an instruction, or the processor between two instructions, did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// A general purpose register was written.
    Gpr {
        /// Number of the register.
        index: u8,
        /// Its new value.
        value: u32,
    },
    /// The condition register was written.
    Cr(u32),
    /// A special purpose register was written, by an instruction or (SRR0, SRR1, ESR, LR, CTR, XER) beside one.
    Spr {
        /// The register.
        spr: Spr,
        /// Its new value.
        value: u32,
    },
    /// The machine state register was written.
    Msr(u32),
    /// A word, or part of it, was read.
    Load {
        /// Byte address, not aligned.
        address: u32,
        /// Bytes of the access.
        enables: ByteEnables,
        /// The whole word as the bus returned it.
        word: u32,
    },
    /// A word, or part of it, was written.
    Store {
        /// Byte address, not aligned.
        address: u32,
        /// Bytes of the access.
        enables: ByteEnables,
        /// The word with the value at its place.
        word: u32,
    },
    /// 32 words were read (`fxvlax`).
    LoadVector {
        /// Byte address.
        address: u32,
    },
    /// 32 words were written (`fxvstax`).
    StoreVector {
        /// Byte address.
        address: u32,
        /// What was written.
        value: Vector,
    },
    /// A row of the parallel port was read (`fxvinx`).
    VectorIn {
        /// Row address.
        address: u32,
        /// Lanes requested.
        lanes: LaneMask,
    },
    /// A row of the parallel port was written (`fxvoutx`).
    VectorOut {
        /// Row address.
        address: u32,
        /// Lanes written.
        lanes: LaneMask,
        /// What was written, meaningful in `lanes`.
        value: Vector,
    },
    /// A vector register was written.
    VectorRegister {
        /// Number of the register.
        index: u8,
        /// Its new value.
        value: Vector,
    },
    /// The vector accumulator was written.
    Accumulator,
    /// The vector condition register was written.
    VectorCondition,
    /// The output pins or their enables changed (ppu-isa 3.6).
    Pins {
        /// GOUT.
        output: u32,
        /// GOE.
        enable: u32,
    },
    /// An interrupt was taken.
    Interrupt {
        /// Which.
        interrupt: Interrupt,
        /// Return address, the new SRR0.
        return_address: u32,
    },
    /// The processor went to sleep (ppu-isa 3.7).
    Sleep,
    /// The processor woke up.
    Wake,
    /// A word that is no instruction was executed (ppu-isa 4.1).
    UnknownInstruction {
        /// The word.
        word: u32,
    },
    /// mfspr or mtspr named a number without register (ppu-isa 3.2).
    UnknownSpr {
        /// The number.
        number: u16,
    },
}

/// Watches a processor. All methods do nothing unless overridden.
pub trait Observer {
    /// An issue slot, with the effects reported since the last call, has issued in cycle `at`.
    #[inline(always)]
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        let _ = (at, slot);
    }
    /// Whether [`Observer::account`] shall be called. Asked for every slot; a constant costs nothing.
    #[inline(always)]
    fn wants_account(&self) -> bool {
        false
    }
    /// What the timing model says about the slot that issued in cycle `at`: why it did not issue earlier, what the
    /// front end did meanwhile. Called directly before [`Observer::issued`], if [`Observer::wants_account`].
    #[inline(always)]
    fn account(&mut self, at: u64, slot: Slot<'_>, account: &Account) {
        let _ = (at, slot, account);
    }
    /// Something happened in cycle `at`, as part of the slot that is issuing, or before it.
    #[inline(always)]
    fn effect(&mut self, at: u64, effect: Effect) {
        let _ = (at, effect);
    }
    /// Whether execution shall stop before the instruction at `address`.
    #[inline(always)]
    fn breaks_at(&mut self, address: u32) -> bool {
        let _ = address;
        false
    }
    /// Whether execution shall stop behind the instruction that just caused effects.
    #[inline(always)]
    fn watch_hit(&mut self) -> Option<WatchHit> {
        None
    }
}

/// Nobody watches.
impl Observer for () {}

/// A borrowed observer is an observer.
impl<O: Observer + ?Sized> Observer for &mut O {
    #[inline(always)]
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        (**self).issued(at, slot);
    }
    #[inline(always)]
    fn wants_account(&self) -> bool {
        (**self).wants_account()
    }
    #[inline(always)]
    fn account(&mut self, at: u64, slot: Slot<'_>, account: &Account) {
        (**self).account(at, slot, account);
    }
    #[inline(always)]
    fn effect(&mut self, at: u64, effect: Effect) {
        (**self).effect(at, effect);
    }
    #[inline(always)]
    fn breaks_at(&mut self, address: u32) -> bool {
        (**self).breaks_at(address)
    }
    #[inline(always)]
    fn watch_hit(&mut self) -> Option<WatchHit> {
        (**self).watch_hit()
    }
}

/// An access that a watchpoint asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchHit {
    /// First byte of the access.
    pub address: u32,
    /// Whether it was a write.
    pub write: bool,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Cycle in which the instruction issued.
    pub at: u64,
    /// Its address.
    pub address: u32,
    /// Its word.
    pub word: u32,
    /// The cycles between the instruction before and this one, and between its slots, by cause.
    pub stalls: Stalls,
    /// Its effects in order, with those of interrupts taken or sleep left before it.
    pub effects: Vec<Effect>,
    /// Cycle in which the next instruction can issue.
    pub next: u64,
}

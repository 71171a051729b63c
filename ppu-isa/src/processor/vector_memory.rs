//! Vector loads, stores and the parallel port (ppu-isa 5.8, 5.9).

use super::machine::{Access, Break, Machine, answered};
use crate::bus::Bus;
use crate::instruction::Instruction;
use crate::observer::{Effect, Observer};
use crate::vector::{LaneMask, Vector};

impl<B: Bus, O: Observer> Machine<'_, B, O> {
    fn serial_lanes(&self, i: &Instruction) -> LaneMask {
        if self.quirks.lsu_cond_ignored { LaneMask::ALL } else { self.state.vcr.lanes(i.condition()) }
    }

    #[inline(never)]
    pub(super) fn load_vector(&mut self, i: &Instruction) -> Result<(), Break> {
        let address = self.indexed(i) & !3;
        let (value, latency) = answered!(self.bus.load_vector(self.at, address));
        self.observer.effect(self.at, Effect::LoadVector { address });
        let value = self.vr(i.t).merge(&value, self.serial_lanes(i));
        self.set_vr(i.t, value);
        self.access = Access { address, latency };
        Ok(())
    }

    #[inline(never)]
    pub(super) fn store_vector(&mut self, i: &Instruction) -> Result<(), Break> {
        let address = self.indexed(i) & !3;
        let value = *self.vr(i.t);
        let lanes = self.serial_lanes(i);
        let ((), latency) = answered!(self.bus.store_vector(self.at, address, &value, lanes));
        self.observer.effect(self.at, Effect::StoreVector { address, value });
        self.access = Access { address, latency };
        Ok(())
    }

    /// Lanes that are not selected become zero, or keep their value (`fxvinx_merge`).
    #[inline(never)]
    pub(super) fn port_in(&mut self, i: &Instruction) -> Result<(), Break> {
        let address = self.indexed(i);
        let lanes = self.state.vcr.lanes(i.condition());
        let (value, latency) = answered!(self.bus.vector_in(self.at, address, lanes));
        self.observer.effect(self.at, Effect::VectorIn { address, lanes });
        let others = if self.quirks.fxvinx_merge { *self.vr(i.t) } else { Vector::ZERO };
        self.set_vr(i.t, others.merge(&value, lanes));
        self.access = Access { address, latency };
        Ok(())
    }

    #[inline(never)]
    pub(super) fn port_out(&mut self, i: &Instruction) -> Result<(), Break> {
        let address = self.indexed(i);
        let lanes = self.state.vcr.lanes(i.condition());
        let value = *self.vr(i.t);
        let ((), latency) = answered!(self.bus.vector_out(self.at, address, &value, lanes));
        self.observer.effect(self.at, Effect::VectorOut { address, lanes, value });
        self.access = Access { address, latency };
        Ok(())
    }
}

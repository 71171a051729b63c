//! The buses of a plasticity processor: what is behind each address of its three ports (ppu-isa 6.2 to 6.4,
//! register-map 7), and when it may be touched.
//!
//! Its own SRAM is private and is served at once. Everything else is shared with the other processor, the event
//! fabric and the host, and is served only when all of them have reached the cycle of the access; until then the
//! answer is [`Response::Wait`] and the processor stands still (decision "How two processors and the rest of the chip
//! share time").

use crate::clocks::Clock;
use crate::external_memory::{Bank, ExternalMemory, word_enables};
use crate::omnibus::{self, Target};
use crate::ppu::{Done, Incoming, Pending, Ppu, PpuAccess, SRAM_WORDS};
use crate::registers::Block;
use crate::shared::Shared;
use bss2_base::{Hemisphere, SimTime};
use ppu_isa::{Bus, ByteEnables, LaneMask, Response, Vector};

/// Bit of the control register (register-map 5.11).
const CACHE_CONTROLLER_ENABLE: u32 = 1 << 3;

/// The view of one processor on the chip during one run.
pub(crate) struct PpuBus<'a> {
    pub(crate) hemisphere: Hemisphere,
    pub(crate) sram: &'a mut [u32],
    pub(crate) other: &'a mut Ppu,
    pub(crate) shared: &'a mut Shared,
    /// The processor's clock, which does not change during a run.
    pub(crate) clock: Clock,
    /// Accesses to shared things at times up to and including this one may be served.
    pub(crate) exclusive_until: SimTime,
    /// The own control register, which does not change during a run.
    pub(crate) control: u32,
    /// What has become of the last access that was not served.
    pub(crate) pending: Pending,
    /// A write to a control register that the kernel has to do, between two runs: it may change when processors act.
    pub(crate) control_write: Option<ControlWrite>,
    /// A write to a clock register has been done at this time; the kernel has to tell the processors, between two runs.
    pub(crate) clock_write: Option<SimTime>,
}

/// A write to the control register of a processor by one of the two.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ControlWrite {
    /// When the store issues.
    pub(crate) issued: SimTime,
    /// Whose register.
    pub(crate) target: Hemisphere,
    pub(crate) value: u32,
}

/// A data address, resolved (ppu-isa 6.2).
enum Data {
    Sram(usize),
    Omnibus(u32),
    External(Bank, usize),
    /// An FPGA register: the FPGA is not reachable from here.
    Fpga(u32),
    Nothing,
}

fn resolve(address: u32) -> Data {
    if address & 0x8000_0000 != 0 {
        return Data::Omnibus((address & 0x7fff_ffff) >> 2);
    }
    if address & 0x4000_0000 != 0 {
        let global = 0x8000_0000 | (address & 0x3fff_ffff) >> 2;
        return match ExternalMemory::locate(global) {
            Some((bank, word)) => Data::External(bank, word),
            None => Data::Fpga(global),
        };
    }
    let word = (address >> 2) as usize;
    if word < SRAM_WORDS { Data::Sram(word) } else { Data::Nothing }
}

/// The part of the FPGA's memory behind an address of the parallel port with bit 31 set (ppu-isa 6.4).
fn external_vector(address: u32) -> (Bank, usize) {
    let bank = if address & 0x0100_0000 != 0 { Bank::Dram } else { Bank::Sram };
    (bank, (address as usize & 0x00ff_ffff) << 4)
}

impl PpuBus<'_> {
    /// The time of cycle `at` if everything shared may be touched then; brings the event fabric there.
    fn enter(&mut self, at: u64) -> Option<SimTime> {
        let time = self.clock.time_of(at);
        if time > self.exclusive_until {
            self.pending.retry = Some(time);
            return None;
        }
        self.shared.advance(time);
        Some(time)
    }

    /// The access is complete.
    fn complete(&mut self) {
        self.pending = Pending::default();
    }

    #[inline(never)]
    fn read(&mut self, at: u64, address: u32) -> Response<u32> {
        let latencies = self.shared.latencies();
        let place = resolve(address);
        match place {
            Data::Sram(word) => return Response::now(self.sram[word]),
            Data::Nothing => {
                self.shared.diagnostics.unmapped(self.hemisphere, "load", address);
                return Response::now(0);
            }
            _ => {}
        }
        let Some(time) = self.enter(at) else { return Response::Wait };
        let (value, latency) = match place {
            Data::Omnibus(word) => match omnibus::target(word) {
                Target::PpuSram(hemisphere, _)
                | Target::PpuControl(hemisphere)
                | Target::PpuStatus(hemisphere)
                    if hemisphere != self.hemisphere && self.pending.done != Done::ReadSent =>
                {
                    // It takes effect where it arrives: the other processor may be ahead of `time`, but not of that.
                    let retry = Some(time + latencies.omnibus_span());
                    self.pending = Pending { retry, done: Done::ReadSent };
                    return Response::Wait;
                }
                Target::PpuSram(hemisphere, index) if hemisphere == self.hemisphere => {
                    (self.sram[index], latencies.omnibus)
                }
                Target::PpuControl(hemisphere) if hemisphere == self.hemisphere => {
                    (self.control, latencies.omnibus)
                }
                // Whoever reads its own status is awake.
                Target::PpuStatus(hemisphere) if hemisphere == self.hemisphere => (0, latencies.omnibus),
                Target::PpuSram(_, index) => (self.other.sram[index], latencies.omnibus),
                Target::PpuControl(_) => (self.other.control(), latencies.omnibus),
                Target::PpuStatus(_) => {
                    let arrives = time + latencies.omnibus_span();
                    (self.other.sleeps_at(arrives).into(), latencies.omnibus)
                }
                target => {
                    let (value, extra) = self.shared.read(word, target);
                    (value, latencies.omnibus + extra)
                }
            },
            Data::External(bank, index) => (self.shared.external.read(bank, index), latencies.external_load),
            Data::Fpga(global) => {
                self.shared.diagnostics.unmapped(self.hemisphere, "load from FPGA register", global);
                (0, latencies.external_load)
            }
            Data::Sram(_) | Data::Nothing => unreachable!("answered above"),
        };
        Response::Done { value, latency }
    }

    #[inline(never)]
    fn write(&mut self, at: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let latencies = self.shared.latencies();
        let place = resolve(address);
        match place {
            Data::Sram(word) => {
                self.sram[word] = enables.merge(self.sram[word], value);
                return Response::now(());
            }
            Data::Nothing => {
                self.shared.diagnostics.unmapped(self.hemisphere, "store", address);
                return Response::now(());
            }
            _ => {}
        }
        let Some(time) = self.enter(at) else { return Response::Wait };
        let latency = match place {
            Data::Omnibus(word) => {
                match omnibus::target(word) {
                    Target::PpuSram(hemisphere, index) if hemisphere == self.hemisphere => {
                        self.sram[index] = enables.merge(self.sram[index], value);
                    }
                    Target::PpuSram(_, word) => self.other.incoming.push_back(Incoming {
                        at: time + latencies.omnibus_span(),
                        access: PpuAccess::Sram { word, value, enables },
                    }),
                    // Outside of the SRAMs any enable writes the whole word (settled 12).
                    Target::PpuControl(target) if enables.bits() != 0 => {
                        if self.pending.done != Done::ControlWritten {
                            self.control_write = Some(ControlWrite { issued: time, target, value });
                            self.pending.retry = Some(time);
                            return Response::Wait;
                        }
                    }
                    Target::PpuControl(_) | Target::PpuStatus(_) => {}
                    target @ Target::Register(register)
                        if matches!(register.block, Block::ADPLL | Block::PLLClockOutputBlock) =>
                    {
                        if self.pending.done != Done::ControlWritten {
                            self.shared.write(word, target, value, enables);
                            self.clock_write = Some(time);
                            self.pending.retry = Some(time);
                            return Response::Wait;
                        }
                    }
                    target => self.shared.write(word, target, value, enables),
                }
                latencies.omnibus
            }
            Data::External(bank, index) => {
                self.shared.external.write(bank, index, value, enables);
                latencies.external_store
            }
            Data::Fpga(global) => {
                self.shared.diagnostics.unmapped(self.hemisphere, "store to FPGA register", global);
                latencies.external_store
            }
            Data::Sram(_) | Data::Nothing => unreachable!("answered above"),
        };
        Response::Done { value: (), latency }
    }
}

impl Bus for PpuBus<'_> {
    fn fetch(&mut self, at: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        let first = (address >> 2) as usize;
        if address & 0x8000_0000 == 0 {
            for (k, word) in line.iter_mut().enumerate() {
                *word = self.sram.get(first + k).copied().unwrap_or(0);
            }
            return Response::Done { value: 1, latency: 0 };
        }
        if self.enter(at).is_none() {
            return Response::Wait;
        }
        self.complete();
        let latencies = self.shared.latencies();
        let response =
            Response::Done { value: latencies.external_fetch_per_word, latency: latencies.external_fetch };
        if self.shared.options.fetch_needs_cache_controller && self.control & CACHE_CONTROLLER_ENABLE == 0 {
            self.shared.diagnostics.cache_controller(self.hemisphere, address);
            line.fill(0);
            return response;
        }
        let bank = if address & 0x1000_0000 != 0 { Bank::Dram } else { Bank::Sram };
        let first = (address as usize & 0x0fff_ffff) >> 2;
        for (k, word) in line.iter_mut().enumerate() {
            *word = self.shared.external.read(bank, first + k);
        }
        response
    }

    // The own SRAM first and without a call: nearly all accesses go there.
    #[inline]
    fn load(&mut self, at: u64, address: u32, _enables: ByteEnables) -> Response<u32> {
        if let Some(&word) = self.sram.get((address >> 2) as usize) {
            self.complete();
            return Response::now(word);
        }
        let response = self.read(at, address);
        if response != Response::Wait {
            self.complete();
        }
        response
    }

    #[inline]
    fn store(&mut self, at: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        if let Some(word) = self.sram.get_mut((address >> 2) as usize) {
            *word = enables.merge(*word, value);
            self.complete();
            return Response::now(());
        }
        let response = self.write(at, address, value, enables);
        if response != Response::Wait {
            self.complete();
        }
        response
    }

    fn load_vector(&mut self, at: u64, address: u32) -> Response<Vector> {
        let mut vector = Vector::ZERO;
        let first = (address >> 2) as usize;
        if let Some(words) = self.sram.get(first..first + 32) {
            words.iter().enumerate().for_each(|(k, &word)| vector.set_word(k, word));
            self.complete();
            return Response::now(vector);
        }
        let mut slowest = 0;
        for k in 0..32 {
            // A later word than the first waits only if it is the other processor's. What is before that is nothing:
            // trying those words again does no harm.
            let Response::Done { value, latency } = self.read(at, address.wrapping_add(4 * k as u32)) else {
                return Response::Wait;
            };
            vector.set_word(k, value);
            slowest = slowest.max(latency);
        }
        self.complete();
        Response::Done { value: vector, latency: slowest }
    }

    fn store_vector(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        let mut slowest = 0;
        for k in 0..32 {
            let enables = word_enables(lanes, k);
            let address = address.wrapping_add(4 * k as u32);
            // A later word than the first waits only at a control register. What is before one is nothing: trying those
            // words again does no harm.
            let Response::Done { latency, .. } = self.write(at, address, value.word(k), enables) else {
                return Response::Wait;
            };
            slowest = slowest.max(latency);
        }
        self.complete();
        Response::Done { value: (), latency: slowest }
    }

    fn vector_in(&mut self, at: u64, address: u32, _lanes: LaneMask) -> Response<Vector> {
        if self.enter(at).is_none() {
            return Response::Wait;
        }
        self.complete();
        if address & 0x8000_0000 != 0 {
            let (bank, offset) = external_vector(address);
            let latency = self.shared.latencies().external_vector_in;
            return Response::Done { value: self.shared.external.read_vector(bank, offset), latency };
        }
        let (value, latency) = self.shared.array_vector_in(self.hemisphere, address);
        Response::Done { value, latency }
    }

    fn vector_out(&mut self, at: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        if self.enter(at).is_none() {
            return Response::Wait;
        }
        self.complete();
        if address & 0x8000_0000 != 0 {
            let (bank, offset) = external_vector(address);
            self.shared.external.write_vector(bank, offset, value, lanes);
            return Response::Done { value: (), latency: self.shared.latencies().external_vector_out };
        }
        let latency = self.shared.array_vector_out(self.hemisphere, address, value, lanes);
        Response::Done { value: (), latency }
    }
}

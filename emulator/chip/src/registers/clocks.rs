//! The phase-locked loops and the clocks they feed (register-map 5.2).

use super::macros::*;

register_block! {
    /// All-digital PLL configuration (register-map 5.2).
    ///
    /// Nominal f_ref = 50 MHz. With the host default (P0=2, N=10, P1=2, P2=2, M0=1, M1=2): f_dco = 1 GHz,
    /// core_0 = 500 MHz, core_1 = 250 MHz, dco output = 500 MHz. Values outside the stated ranges make the
    /// host library throw on read-back (range types): a reset value of 0 in loop_filter_*, loop_div_n,
    /// core_div_* or pre_div_* must therefore never be returned to an unmodified host read; initialise the
    /// model registers with the host defaults.
    ADPLL {
        space: Chip,
        address: 0x8_0000, [adpll: stride(2, 2)],
    }
    word lower (ReadWrite, reset = HostDefault) {
        /// Integral coefficient of the digital loop filter, 1..31.
        loop_filter_int: u8 [0..=4] accepts 1..=31 = 2;
        /// Proportional coefficient of the digital loop filter, 1..31.
        loop_filter_prop: u8 [5..=9] accepts 1..=31 = 8;
        /// N: feedback divider, 1..31. f_dco = P0*N*f_ref.
        loop_div_n: u8 [10..=14] accepts 1..=31 = 10, Modelled;
        /// M0: output divider of core_0, 1..31. f_core0 = f_dco/(P1*M0).
        core_div_m0: u8 [15..=19] accepts 1..=31 = 1, Modelled;
        /// M1: output divider of core_1, 1..31. f_core1 = f_dco/(P1*M1).
        core_div_m1: u8 [20..=24] accepts 1..=31 = 2, Modelled;
        /// P0, 2..4: DCO pre-divider.
        pre_div_p0: u8 [25..=26] as MinusOne accepts 1..=3 = 2, Modelled;
        /// P1, 2..4: common divider of both core outputs.
        pre_div_p1: u8 [27..=28] as MinusOne accepts 1..=3 = 2, Modelled;
        /// P2, 2..4. f_dco_out = f_dco/P2.
        pre_div_p2: u8 [29..=30] as MinusOne accepts 1..=3 = 2, Modelled;
    }
    word upper (ReadWrite, reset = HostDefault) {
        /// DCO tuning word.
        tune: u16 [0..=11] = 0x200;
        /// Number of enabled DCO header switches.
        dco_power_switch: u8 [12..=17] = 63;
        /// Run the DCO open loop.
        open_lock: bool [18] = false;
        /// Force the lock indication.
        enforce_lock: bool [19] = true;
        /// Phase/frequency detector with or without synchroniser (polarity not documented).
        pfd_select: bool [20] = false, Tagged;
        /// Lock-detector window: 0 long, 1 short.
        lock_window: bool [21] = false;
        /// Loop-filter gain is boosted by 2^n during lock-in.
        filter_shift: u8 [22..=23] = 3;
        /// Pass the clocks to the outputs; the bit is 1 to gate them.
        enable_output_clock ("disable_output_clock"): bool [24] as Inverted = true, Modelled;
        /// Enable this ADPLL.
        enable: bool [30] = true, Modelled;
        /// Use the register contents instead of the built-in configuration (effect inferred from the name
        /// only).
        use_external_config: bool [31] = true, Tagged;
    }
}

register_block! {
    /// PLL clock output block (register-map 5.2).
    ///
    /// Output i occupies byte i: 0 serdes send clock, 1 PHY reference clock, 2 PPU clock, 3 MADC clock.
    /// select_output: 0 = core_0, 1 = core_1, 2 = dco. Host default: outputs 0 and 1 = ADPLL0/core_0 (500
    /// MHz), PPU clock = ADPLL1/core_1 (250 MHz), MADC clock = ADPLL0/dco (500 MHz). SPL1 fabric and on-chip
    /// Omnibus are clocked from output 1 (PHY reference clock) if switch_spl1_to_madc = 0, else from output 3
    /// (MADC clock); v3 only. With the defaults the SPL1 clock is 250 MHz, i.e. half of output 1; the
    /// division is not in haldls but in pynn-brainscales,
    /// brainscales2/pynn_brainscales/brainscales2/standardmodels/cells.py, and is required by the hardware
    /// tests. Field value 3 in select_output_adpll_i makes the host throw.
    PLLClockOutputBlock {
        space: Chip,
        address: 0x8_0004, [],
        status: Modelled,
    }
    word outputs (ReadWrite, reset = HostDefault) {
        /// Enable clock output 0 (serdes_ser_send_clk).
        enable_output_0: bool [0] = true;
        /// Bypass: pass the FPGA reference clock to output 0.
        enable_bypass_0: bool [1] = false;
        /// ADPLL (0/1) feeding output 0.
        select_adpll_0: bool [2] = false;
        /// Which ADPLL output feeds output 0: 0 core_0, 1 core_1, 2 dco.
        select_output_adpll_0: u8 [3..=4] accepts 0..=2 = 0;
        /// Enable clock output 1 (phy_ref_clk).
        enable_output_1: bool [8] = true;
        /// Bypass: pass the FPGA reference clock to output 1.
        enable_bypass_1: bool [9] = false;
        /// ADPLL (0/1) feeding output 1.
        select_adpll_1: bool [10] = false;
        /// Which ADPLL output feeds output 1: 0 core_0, 1 core_1, 2 dco.
        select_output_adpll_1: u8 [11..=12] accepts 0..=2 = 0;
        /// Enable clock output 2 (ppu_clk).
        enable_output_2: bool [16] = true;
        /// Bypass: pass the FPGA reference clock to output 2.
        enable_bypass_2: bool [17] = false;
        /// ADPLL (0/1) feeding output 2.
        select_adpll_2: bool [18] = true;
        /// Which ADPLL output feeds output 2: 0 core_0, 1 core_1, 2 dco.
        select_output_adpll_2: u8 [19..=20] accepts 0..=2 = 1;
        /// Enable clock output 3 (madc_clk).
        enable_output_3: bool [24] = true;
        /// Bypass: pass the FPGA reference clock to output 3.
        enable_bypass_3: bool [25] = false;
        /// ADPLL (0/1) feeding output 3.
        select_adpll_3: bool [26] = false;
        /// Which ADPLL output feeds output 3: 0 core_0, 1 core_1, 2 dco.
        select_output_adpll_3: u8 [27..=28] accepts 0..=2 = 2;
        /// SPL1/Omnibus clock source: 0 = output 1 (PHY reference clock), 1 = output 3 (MADC clock).
        switch_spl1_to_madc: bool [31] = false;
    }
}

register_block! {
    /// PLL self test control (register-map 5.2).
    ///
    /// A test is started by a 0->1 transition of clock_enable (write 0 first). It counts the selected output
    /// clock during 2^(p+2) reference periods and passes if |count-check_value| is within check_range (exact
    /// comparison rule not documented).
    PLLSelfTest {
        space: Chip,
        address: 0x8_0005, [],
        status: Modelled,
    }
    word control (ReadWrite) {
        /// Clock enable / start.
        clock_enable: bool [0] = false;
        /// p: window = 2^(p+2) reference clock periods.
        pre_scaler_p: u8 [1..=4] = 0;
        /// Clock output under test (numbering of PLLClockOutputBlock).
        select_source: u8 [5..=6] = 0;
        /// Accepted deviation.
        check_range: u8 [8..=11] = 0;
        /// Expected count = f_out/f_ref * 2^(p+2).
        check_value: u32 [12..=31] = 0;
    }
}

register_block! {
    /// PLL self test status (register-map 5.2).
    PLLSelfTestStatus {
        space: Chip,
        address: 0x8_0007, [],
        status: Modelled,
    }
    word status (ReadOnly) {
        /// Measured count.
        counter_value: u32 [0..=19];
        /// Self test done (reliable only for the first test after power-up).
        finished: bool [20];
        /// Last test passed.
        success: bool [21];
    }
}

/// One of the four clocks that leave the PLL block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct ClockOutput {
    /// Whether the clock runs.
    pub enable: bool,
    /// Pass the reference clock of the FPGA instead.
    pub bypass: bool,
    /// The loop that feeds it, 0 or 1.
    pub adpll: u8,
    /// The output of the loop: 0 core_0, 1 core_1, 2 dco.
    pub adpll_output: u8,
}

impl PLLClockOutputBlock {
    /// The clocks by number: 0 serialiser, 1 PHY reference, 2 plasticity processors, 3 MADC.
    pub const fn outputs(&self) -> [ClockOutput; 4] {
        const fn output(enable: bool, bypass: bool, adpll: bool, adpll_output: u8) -> ClockOutput {
            ClockOutput { enable, bypass, adpll: adpll as u8, adpll_output }
        }
        [
            output(
                self.enable_output_0,
                self.enable_bypass_0,
                self.select_adpll_0,
                self.select_output_adpll_0,
            ),
            output(
                self.enable_output_1,
                self.enable_bypass_1,
                self.select_adpll_1,
                self.select_output_adpll_1,
            ),
            output(
                self.enable_output_2,
                self.enable_bypass_2,
                self.select_adpll_2,
                self.select_output_adpll_2,
            ),
            output(
                self.enable_output_3,
                self.enable_bypass_3,
                self.select_adpll_3,
                self.select_output_adpll_3,
            ),
        ]
    }
}

/// The nominal reference clock of the PLLs in MHz (register-map 5.2).
pub const REFERENCE_MHZ: f64 = 50.0;

impl ADPLL {
    /// The frequencies in MHz of the outputs core_0, core_1 and dco, with the reference clock [`REFERENCE_MHZ`]. `None` for
    /// ratios that an unmodified host does not accept (a divider of 0).
    pub fn frequencies(&self) -> Option<[f64; 3]> {
        let [p0, p1, p2] = [self.pre_div_p0, self.pre_div_p1, self.pre_div_p2].map(f64::from);
        let dividers = [self.loop_div_n, self.core_div_m0, self.core_div_m1].map(f64::from);
        let [n, m0, m1] = dividers;
        let dco = p0 * n * REFERENCE_MHZ;
        dividers.iter().all(|&divider| divider > 0.0).then(|| [dco / (p1 * m0), dco / (p1 * m1), dco / p2])
    }
}

impl ClockOutput {
    /// Its frequency in MHz, given those of the outputs of both loops; 0 if it does not run.
    pub fn frequency(&self, loops: [Option<[f64; 3]>; 2]) -> f64 {
        match (self.enable, self.bypass) {
            (false, _) => 0.0,
            (true, true) => REFERENCE_MHZ,
            (true, false) => loops[usize::from(self.adpll & 1)]
                .and_then(|outputs| outputs.get(usize::from(self.adpll_output)).copied())
                .unwrap_or(0.0),
        }
    }
}

/// The register behind a number given to the JTAG instruction PLL_TARGET_REG (register-map 9): the Omnibus
/// addresses of the clock registers count the same. `None` if there is none.
pub fn jtag_pll_register(number: u8) -> Option<super::Register> {
    match super::decode(ADPLL::DESCRIPTION.base + u32::from(number)) {
        Some(super::Location::Register(register)) if number < 16 => Some(register),
        _ => None,
    }
}

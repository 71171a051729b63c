//! The one table of everything that differs between chips, and of the constants that do not (analog-core 8.2).
//!
//! The numbers are those of the parameter file of the specification (`analog-parameters.toml`); a test reads that file
//! and compares it with this table in both directions.

use bss2_base::Quadrant;
use bss2_base::random::path_hash;
use serde::Serialize;

/// How deviations act on the nominal value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Distribution {
    /// `nominal + deviations`, in the unit of the quantity ("N").
    Additive,
    /// `nominal * exp(deviations)` ("LN").
    Multiplicative,
}

/// What a quantity exists once for. Fixes how instances are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// The chip: one instance.
    Chip,
    /// A quadrant, by its number.
    Quadrant,
    /// A neuron circuit, `256 * hemisphere + column`.
    Neuron,
    /// A synapse driver, `128 * hemisphere + driver`.
    Driver,
    /// A synapse, `(256 * hemisphere + row) * 256 + column`.
    Synapse,
    /// A CADC channel, `512 * hemisphere + 256 * branch + column`, branch 0 causal, 1 acausal.
    Channel,
    /// A CapMem cell, `(130 * block + column) * 24 + row`.
    Cell,
}

impl Kind {
    /// Number of instances on a chip.
    pub const fn instances(self) -> usize {
        match self {
            Self::Chip => 1,
            Self::Quadrant => 4,
            Self::Neuron => 512,
            Self::Driver => 256,
            Self::Synapse => 131_072,
            Self::Channel => 1_024,
            Self::Cell => 4 * 130 * 24,
        }
    }

    /// The quadrant whose deviations an instance shares. For a driver: the one whose CapMem block feeds it, west for even
    /// drivers, east for odd ones (analog-core 5.3).
    pub const fn quadrant(self, instance: usize) -> Quadrant {
        let index = match self {
            Self::Chip => 0,
            Self::Quadrant => instance,
            Self::Neuron => instance / 128,
            Self::Driver => 2 * (instance / 128) + instance % 2,
            Self::Synapse => 2 * (instance / 65_536) + instance / 128 % 2,
            Self::Channel => 2 * (instance / 512) + instance / 128 % 2,
            Self::Cell => instance / (130 * 24),
        };
        Quadrant::ALL[index % 4]
    }
}

/// A row of the table: the distribution of one quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// Dotted path in the parameter file; names the random streams.
    pub path: &'static str,
    /// Value of the typical chip in `unit`.
    pub nominal: f64,
    /// SI, or codes where it says so.
    pub unit: &'static str,
    /// How deviations act.
    pub distribution: Distribution,
    /// Standard deviation over chips, in `unit` or of the logarithm.
    pub chip: f64,
    /// Standard deviation over the quadrants of a chip.
    pub quadrant: f64,
    /// Standard deviation over the instances of a quadrant.
    pub instance: f64,
    /// What it exists once for.
    pub kind: Kind,
    /// Independent values per instance, told apart by the draw number: 2 for the two inputs of a neuron and the two
    /// branches of a correlation sensor.
    pub draws: u64,
    /// Name of the random streams if it is not the path: rows with the same name share their draws.
    pub stream: Option<&'static str>,
    /// A latent variable that takes the place of the quadrant draw, with its sign.
    pub latent: Option<(&'static str, f64)>,
    /// Values below are raised to this.
    pub floor: f64,
}

impl Quantity {
    /// Hash of the stream of the chip and instance draws.
    pub const fn stream_hash(&self) -> u32 {
        match self.stream {
            Some(name) => path_hash(name),
            None => path_hash(self.path),
        }
    }

    /// Hash of the stream of the quadrant draw, and its sign.
    pub const fn quadrant_stream(&self) -> (u32, f64) {
        match self.latent {
            Some((name, sign)) => (path_hash(name), sign),
            None => (self.stream_hash(), 1.0),
        }
    }
}

macro_rules! quantities {
    ($( $(#[$doc:meta])* $name:ident = $path:literal, $nominal:literal $unit:literal, $distribution:ident
        [$chip:literal, $quadrant:literal, $instance:literal] per $kind:ident
        $(, draws $draws:literal)? $(, stream $stream:literal)? $(, latent $latent:literal * $sign:literal)?
        $(, floor $floor:literal)?; )*) => {
        /// The quantities that differ between chips, quadrants or instances.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub enum Parameter { $( $(#[$doc])* $name, )* }

        impl Parameter {
            /// All, in the order of the parameter file.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The one with this path.
            pub fn by_path(path: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|parameter| parameter.quantity().path == path)
            }

            /// The row of the table.
            pub const fn quantity(self) -> &'static Quantity {
                &TABLE[self as usize]
            }
        }

        static TABLE: [Quantity; Parameter::ALL.len()] = [$(
            #[allow(unused_mut, unused_assignments)]
            {
                let mut quantity = Quantity {
                    path: $path,
                    nominal: $nominal,
                    unit: $unit,
                    distribution: Distribution::$distribution,
                    chip: $chip,
                    quadrant: $quadrant,
                    instance: $instance,
                    kind: Kind::$kind,
                    draws: 1,
                    stream: None,
                    latent: None,
                    floor: f64::NEG_INFINITY,
                };
                $(quantity.draws = $draws;)?
                $(quantity.stream = Some($stream);)?
                $(quantity.latent = Some(($latent, $sign));)?
                $(quantity.floor = $floor;)?
                quantity
            },
        )*];
    };
}

quantities! {
    /// Gain of the voltage cells of a quadrant, κ_V (2.4).
    VoltageCellGain = "capmem.voltage.gain", 1.0 "1", Additive [0.01, 0.03, 0.0] per Quadrant, stream "kappa_V";
    /// Gain of the current cells of a quadrant, κ_I (2.4).
    CurrentCellGain = "capmem.current.gain", 1.0 "1", Multiplicative [0.05, 0.03, 0.0] per Quadrant, stream "kappa_I";
    /// Gain 1 + ε of a current cell (2.4).
    CurrentCell = "capmem.current.cell_eps", 1.0 "1", Multiplicative [0.0, 0.0, 0.03] per Cell;
    /// Drift of a cell whose refresh is off (2.4).
    CellDrift = "capmem.dynamics.drift_rate", 0.0 "LSB/ms", Additive [0.0, 0.0, 0.05] per Cell;

    /// Membrane capacitance per code, c_LSB (3.5).
    MembraneCapacitance = "neuron.membrane.c_lsb", 38.1e-15 "F/LSB", Multiplicative [0.03, 0.0, 0.01] per Neuron;
    /// Membrane capacitance without the bank, C_par (3.5).
    ParasiticCapacitance = "neuron.membrane.c_par", 0.176e-12 "F", Additive [0.009e-12, 0.0, 0.038e-12] per Neuron,
        floor 0.076e-12;
    /// Leakage into the membrane, I_par (3.1).
    ResidualLeakage = "neuron.membrane.residual_leakage", 0.0 "A", Additive [0.0, 0.0, 0.5e-9] per Neuron;

    /// Conductance of the leak per code at small codes, a_leak (3.2).
    LeakStrength = "neuron.leak.a", 2.5e-9 "S/LSB", Multiplicative [0.20, 0.03, 0.10] per Neuron,
        stream "ota_lr_strength";
    /// Offset of the transconductor that serves as leak and reset, in leak mode (3.2).
    LeakSharedOffset = "neuron.leak.offset_shared", 0.0 "V", Additive [0.0, 0.0, 0.040] per Neuron,
        stream "ota_lr_offset";
    /// Offset of the leak potential alone: cell and follower (3.2).
    LeakOwnOffset = "neuron.leak.offset_own", 0.0 "V", Additive [0.0, 0.0, 0.032] per Neuron;
    /// Movement of the leak potential with the bias, k_b, zero at code 150 (3.2).
    LeakOffsetPerBias = "neuron.leak.offset_per_bias", -35e-6 "V/LSB", Additive [0.0, 0.0, 30e-6] per Neuron;

    /// Conductance of the reset per code at small codes, a_reset (3.3). Shares its draws with the leak.
    ResetStrength = "neuron.reset.a", 3.2e-9 "S/LSB", Multiplicative [0.20, 0.03, 0.10] per Neuron,
        stream "ota_lr_strength";
    /// Offset of the common transconductor in reset mode, the same volts as in leak mode (3.3).
    ResetSharedOffset = "neuron.reset.offset_shared", 0.0 "V", Additive [0.0, 0.0, 0.040] per Neuron,
        stream "ota_lr_offset";
    /// Offset of the reset potential alone (3.3).
    ResetOwnOffset = "neuron.reset.offset_own", 0.0 "V", Additive [0.0, 0.0, 0.028] per Neuron;
    /// Charge injected when the reset is released (3.3).
    ReleaseCharge = "neuron.reset.charge_injection", -8e-15 "C", Additive [0.0, 0.0, 2e-15] per Neuron;

    /// Offset of the threshold, o_th (3.4).
    ThresholdOffset = "neuron.threshold.offset", 0.0 "V", Additive [0.0, 0.0, 0.027] per Neuron;
    /// Delay of the spike comparator at its default bias (3.4).
    ComparatorDelay = "neuron.threshold.delay", 20e-9 "s", Multiplicative [0.0, 0.0, 0.2] per Neuron;

    /// Excitatory line time constant times code, K_τ (3.6).
    ExcitatoryTau = "neuron.synaptic_input.k_tau_exc", 500e-6 "s*LSB", Multiplicative [0.05, 0.19, 0.18] per Neuron,
        latent "z_syn" * 1.0;
    /// Inhibitory line time constant times code (3.6).
    InhibitoryTau = "neuron.synaptic_input.k_tau_inh", 475e-6 "s*LSB", Multiplicative [0.05, 0.19, 0.18] per Neuron,
        latent "z_syn" * 1.0;
    /// Capacitance of a synaptic line (3.6).
    LineCapacitance = "neuron.synaptic_input.c_line", 2.5e-12 "F", Multiplicative [0.05, 0.0, 0.03] per Neuron, draws 2;
    /// Capacitance of a synaptic line in small-capacitance mode (3.6).
    SmallLineCapacitance = "neuron.synaptic_input.c_line_small", 1.5e-12 "F", Multiplicative [0.05, 0.0, 0.03] per Neuron,
        draws 2;
    /// Strength of the excitatory transconductor per code, a_g (3.6).
    ExcitatoryStrength = "neuron.synaptic_input.a_gm_exc", 13.2e-9 "S/LSB", Multiplicative [0.05, 0.28, 0.04] per Neuron,
        latent "z_syn" * -1.0;
    /// Strength of the inhibitory transconductor per code (3.6).
    InhibitoryStrength = "neuron.synaptic_input.a_gm_inh", 11.9e-9 "S/LSB", Multiplicative [0.05, 0.28, 0.04] per Neuron,
        latent "z_syn" * -1.0;
    /// Input offset of the excitatory transconductor, m_exc (3.6).
    ExcitatoryOffset = "neuron.synaptic_input.offset_exc", 0.0 "V", Additive [0.0, 0.0, 0.013] per Neuron;
    /// Input offset of the inhibitory transconductor, m_inh (3.6).
    InhibitoryOffset = "neuron.synaptic_input.offset_inh", 0.0 "V", Additive [0.0, 0.0, 0.013] per Neuron;

    /// Modulation of a conductance-based input, κ_c (3.7); draw 0 excitatory, 1 inhibitory.
    CobaStrength = "neuron.coba.kappa", 2.0 "1/V", Multiplicative [0.0, 0.0, 0.2] per Neuron, draws 2;
    /// Offset of the reference potential of a conductance-based input (3.7).
    CobaReferenceOffset = "neuron.coba.reference_offset", 0.0 "V", Additive [0.0, 0.0, 0.040] per Neuron, draws 2;

    /// Pre-factor of the exponential current, I_00 (3.8).
    ExponentialCurrent = "neuron.exponential.i_00", 2.5e-12 "A", Multiplicative [0.0, 0.0, 0.5] per Neuron;
    /// Slope voltage times code, K_e (3.8).
    ExponentialSlope = "neuron.exponential.k_e", 10.5 "V*LSB", Multiplicative [0.0, 0.0, 0.15] per Neuron;
    /// Offset of the onset potential, o_e (3.8).
    ExponentialOffset = "neuron.exponential.offset", 0.0 "V", Additive [0.0, 0.0, 0.050] per Neuron;

    /// Leak of the adaptation capacitor per code, g_τ (3.9).
    AdaptationLeak = "neuron.adaptation.g_tau", 0.156e-9 "S/LSB", Multiplicative [0.05, 0.03, 0.15] per Neuron;
    /// Sub-threshold adaptation per code, g_a (3.9).
    AdaptationCoupling = "neuron.adaptation.g_a", 1.19e-9 "S/LSB", Multiplicative [0.05, 0.03, 0.15] per Neuron;
    /// Spike-triggered adaptation current per code, I_b (3.9).
    AdaptationPulse = "neuron.adaptation.i_b", 0.978e-9 "A/LSB", Multiplicative [0.05, 0.03, 0.15] per Neuron;
    /// Action of the adaptation voltage on the membrane, g_w (3.9).
    AdaptationOutput = "neuron.adaptation.g_w", 0.127e-6 "S", Multiplicative [0.05, 0.03, 0.15] per Neuron;
    /// Offset of the adaptation reference (3.9).
    AdaptationReferenceOffset = "neuron.adaptation.offset_ref", 0.0 "V", Additive [0.0, 0.0, 0.040] per Neuron;
    /// Offset of the adaptation leak potential (3.9).
    AdaptationLeakOffset = "neuron.adaptation.offset_leak", 0.0 "V", Additive [0.0, 0.0, 0.040] per Neuron;

    /// Offset current per code (3.10).
    OffsetCurrent = "neuron.offset_current.i_lsb", 0.137e-9 "A/LSB", Multiplicative [0.03, 0.02, 0.08] per Neuron;
    /// Offset of the readout amplifier (7.3).
    ReadoutOffset = "neuron.readout.offset", 0.0 "V", Additive [0.0, 0.0, 0.015] per Neuron;

    /// Inter-compartment conductance per code, a_icc (4.3).
    CompartmentStrength = "multicompartment.a_icc", 4.5e-9 "S/LSB", Multiplicative [0.1, 0.03, 0.15] per Neuron;
    /// Offset of the inter-compartment transconductor (4.3).
    CompartmentOffset = "multicompartment.offset", 0.0 "V", Additive [0.0, 0.0, 0.010] per Neuron;

    /// Charge of a synapse of weight 1 at DAC bias 600, q_1 (5.2).
    SynapseCharge = "synapse.charge_per_weight_lsb_dac600", 0.375e-15 "C", Multiplicative [0.0, 0.05, 0.04] per Synapse;

    /// Swing of the pulse ramp within 4 ns at ramp bias 600, U_full (5.4).
    RampSwing = "driver.stp.u_full_at_ramp_600", 450.0 "LSB", Multiplicative [0.05, 0.05, 0.03] per Driver;
    /// Offset of the pulse comparator, o_cmp (5.4).
    RampComparatorOffset = "driver.stp.comparator_offset", 0.0 "LSB", Additive [0.0, 0.0, 40.0] per Driver;
    /// Utilization per code (5.4).
    Utilization = "driver.stp.utilization_per_code", 0.025 "1", Multiplicative [0.0, 0.0, 0.1] per Driver;
    /// Recovery per code and tick (5.4).
    Recovery = "driver.stp.recovery_fraction_per_code", 0.015625 "1", Multiplicative [0.0, 0.0, 0.1] per Driver;
    /// Span of the hagen DAC, V_span (5.5).
    HagenSpan = "driver.hagen.v_span", 366.0 "LSB", Multiplicative [0.0, 0.03, 0.02] per Driver;

    /// Time constant of a correlation branch; draw 0 causal, 1 acausal (6).
    CorrelationTau = "correlation.tau", 5e-6 "s", Multiplicative [0.0, 0.0, 0.35] per Synapse, draws 2;
    /// Amplitude of a correlation branch; draw 0 causal, 1 acausal (6).
    CorrelationAmplitude = "correlation.amplitude", 0.5 "CADC LSB per pair", Multiplicative [0.0, 0.0, 0.5] per Synapse,
        draws 2;
    /// Factor on the amplitude of a branch on the whole chip; draw 0 causal, 1 acausal (6).
    CorrelationAsymmetry = "correlation.branch_asymmetry", 1.0 "1", Multiplicative [0.2, 0.0, 0.0] per Chip, draws 2;
    /// Code of a channel for an empty accumulator (6).
    CorrelationBaseline = "correlation.baseline_code", 180.0 "CADC LSB", Additive [0.0, 0.0, 12.0] per Channel;

    /// Offset of the ramp start of a quadrant (7.1).
    CadcRampStart = "cadc.v_start_offset", 2e-3 "V", Additive [0.0, 0.012, 0.0] per Quadrant;
    /// Volts per code and code of the ramp slope (7.1).
    CadcSlope = "cadc.slope_per_lsb", 12.2e-6 "V per code per LSB", Multiplicative [0.02, 0.05, 0.0] per Quadrant;
    /// Offset of a channel (7.1).
    CadcOffset = "cadc.channel_offset", 0.0 "CADC LSB", Additive [0.0, 0.0, 10.0] per Channel;
    /// Factor 1 + ε_g on the volts per code of a channel (7.1).
    CadcGain = "cadc.channel_gain", 1.0 "1", Multiplicative [0.0, 0.0, 0.01] per Channel;
    /// Volts per code of the MADC (7.2).
    MadcLsb = "madc.lsb", 1.548e-3 "V/LSB", Multiplicative [0.02, 0.0, 0.0] per Chip;
    /// Code of the MADC at 0 V (7.2).
    MadcZero = "madc.zero_code", 25.0 "MADC LSB", Additive [6.0, 0.0, 0.0] per Chip;
}

/// Constants of the circuits that are the same in every chip.
pub mod constants {
    macro_rules! constants {
        ($( $(#[$doc:meta])* $name:ident = $path:literal, $value:literal; )*) => {
            $( $(#[$doc])* pub const $name: f64 = $value; )*
            /// Every constant of this module with its path in the parameter file.
            pub const ALL: &[(&str, f64)] = &[$(($path, $value)),*];
        };
    }

    constants! {
        /// Volts per code of a voltage cell (2.4).
        VOLTAGE_CELL_LSB = "capmem.voltage.lsb", 1.875e-3;
        /// Volts of a voltage cell at code 0 (2.4).
        VOLTAGE_CELL_OFFSET = "capmem.voltage.offset", 0.019;
        /// Largest voltage of a cell in V (2.4).
        VOLTAGE_CELL_MAX = "capmem.voltage.max", 1.94;
        /// Error of a write to a voltage cell, standard deviation in codes (2.4).
        VOLTAGE_WRITE_NOISE = "capmem.voltage.write_noise", 0.5;
        /// Ampere per code of a current cell (2.4).
        CURRENT_CELL_LSB = "capmem.current.lsb", 0.978e-9;
        /// Error of a write to a current cell, standard deviation in codes (2.4).
        CURRENT_WRITE_NOISE = "capmem.current.write_noise", 0.7;
        /// Time constant in s with which a cell approaches a new value (2.4).
        SETTLING_TAU = "capmem.dynamics.settling_tau", 3e-3;
        /// Fraction of its default bias below which a circuit does not work (2.3).
        BIAS_GATE = "capmem.dynamics.bias_gate_fraction", 0.05;
        /// Gain of the followers of leak, reset, CoBa and exponential potentials (2.4).
        FOLLOWER_GAIN = "capmem.follower_sf.gain", 0.80;
        /// Offset in V of these followers (2.4).
        FOLLOWER_OFFSET = "capmem.follower_sf.offset", -0.540;
        /// Gain of the followers of the adaptation potentials (2.4).
        ADAPTATION_FOLLOWER_GAIN = "capmem.follower_sfa.gain", 0.80;
        /// Offset in V of these followers (2.4).
        ADAPTATION_FOLLOWER_OFFSET = "capmem.follower_sfa.offset", -0.265;

        /// Knee code of the leak transconductor, n_s (3.2).
        LEAK_KNEE = "neuron.leak.n_knee", 950.0;
        /// Linear range of the leak transconductor in V (3.2).
        LEAK_RANGE = "neuron.leak.v_lin", 0.5;
        /// Factor of the multiplication bit of the leak (3.2).
        LEAK_MULTIPLICATION = "neuron.leak.mult", 8.0;
        /// Divisor of the division bit of the leak (3.2).
        LEAK_DIVISION = "neuron.leak.div", 8.0;
        /// Factor of the degeneration bit on the conductance (3.2).
        DEGENERATION_CONDUCTANCE = "neuron.leak.degeneration_g", 0.5;
        /// Factor of the degeneration bit on the linear range (3.2).
        DEGENERATION_RANGE = "neuron.leak.degeneration_v_lin", 2.0;
        /// Knee code of the reset (3.3).
        RESET_KNEE = "neuron.reset.n_knee", 950.0;
        /// Linear range of the reset in V (3.3).
        RESET_RANGE = "neuron.reset.v_lin", 0.5;
        /// Factor of the multiplication bit of the reset (3.3).
        RESET_MULTIPLICATION = "neuron.reset.mult", 8.0;
        /// Divisor of the division bit of the reset (3.3).
        RESET_DIVISION = "neuron.reset.div", 8.0;

        /// Factor of the high-resistance bit on the line time constant (3.6).
        HIGH_RESISTANCE = "neuron.synaptic_input.high_resistance_factor", 4.0;
        /// Decay in s of a line without resistor bias (3.6).
        FLOATING_TAU = "neuron.synaptic_input.float_tau_normal", 200e-6;
        /// Decay in s of a line without resistor bias in high-resistance mode (3.6).
        FLOATING_TAU_HIGH = "neuron.synaptic_input.float_tau_high_r", 1e-3;
        /// Knee code of the synaptic transconductors (3.6).
        SYNAPTIC_KNEE = "neuron.synaptic_input.n_knee_gm", 1500.0;
        /// Saturation current of a synaptic transconductor per code in A (3.6).
        SYNAPTIC_SATURATION = "neuron.synaptic_input.i_sat_per_lsb", 0.978e-9;
        /// Volts per e-fold of the shift bias, nU_T (3.6).
        SHIFT_SCALE = "neuron.synaptic_input.shift_n_ut", 0.035;
        /// Sign of the excitatory shift, p_exc (3.6).
        SHIFT_SIGN_EXCITATORY = "neuron.synaptic_input.shift_sign_exc", -1.0;
        /// Sign of the inhibitory shift, p_inh (3.6).
        SHIFT_SIGN_INHIBITORY = "neuron.synaptic_input.shift_sign_inh", -1.0;
        /// Output conductance of a synaptic transconductor as a fraction of its transconductance (3.6).
        OUTPUT_CONDUCTANCE = "neuron.synaptic_input.output_conductance_fraction", 0.005;
        /// Potential in V toward which that conductance pulls (3.6).
        OUTPUT_POTENTIAL = "neuron.synaptic_input.output_conductance_toward", 0.6;
        /// Largest modulation of a conductance-based input as a multiple of its bias current (3.7).
        COBA_CLAMP = "neuron.coba.clamp_high", 2.0;

        /// Voltage V_x in the exponent (3.8).
        EXPONENTIAL_SHIFT = "neuron.exponential.v_x", 0.415;
        /// Largest exponential current in A (3.8).
        EXPONENTIAL_LIMIT = "neuron.exponential.i_lim", 5e-6;
        /// Adaptation capacitance in F (3.9).
        ADAPTATION_CAPACITANCE = "neuron.adaptation.c_w", 2.6e-12;
        /// Linear range of the adaptation transconductors in V (3.9).
        ADAPTATION_RANGE = "neuron.adaptation.v_lin", 0.5;

        /// Code above which the offset current is compressed (3.10).
        OFFSET_COMPRESSION_START = "neuron.offset_current.compression_start", 800.0;
        /// Relative loss of the offset current at code 1022 (3.10).
        OFFSET_COMPRESSION = "neuron.offset_current.compression_at_1022", 0.25;
        /// Gain of the follower before a synaptic line in readout (7.3).
        LINE_FOLLOWER_GAIN = "neuron.readout.line_follower_gain", 0.85;
        /// Offset in V of that follower (7.3).
        LINE_FOLLOWER_OFFSET = "neuron.readout.line_follower_offset", -0.42;

        /// Knee code of the inter-compartment conductance (4.3).
        COMPARTMENT_KNEE = "multicompartment.n_knee", 950.0;
        /// Factor of its multiplication bit (4.3).
        COMPARTMENT_MULTIPLICATION = "multicompartment.mult", 4.0;
        /// Divisor of its division bit (4.3).
        COMPARTMENT_DIVISION = "multicompartment.div", 4.0;
        /// Linear range in V (4.3).
        COMPARTMENT_RANGE = "multicompartment.v_lin", 0.5;

        /// DAC bias code to which the synapse charge refers (5.2).
        SYNAPSE_DAC_REFERENCE = "synapse.dac_reference_code", 600.0;
        /// Length of the full synapse pulse in s, T_0 (5.2).
        PULSE = "synapse.pulse_nominal", 4e-9;
        /// Lengthening per code of the pulse extension in s (5.2).
        PULSE_EXTENSION = "synapse.pulse_extension_per_code", 4e-9;
        /// Relative loss of charge over 256 rows away from the neuron; off by default (5.2).
        SYNAPSE_POSITION_GRADIENT = "synapse.position_gradient", -0.03;

        /// Share of the ramp current that one step of the STP offset takes away early on, k_o (5.4).
        STP_OFFSET_STEP = "driver.stp.offset_fraction_per_step", 0.03;
        /// Length of this early part in s (5.4).
        STP_OFFSET_WINDOW = "driver.stp.offset_window", 2e-9;
        /// Cycles of the divided clock per recovery tick (5.4).
        RECOVERY_TICK_CYCLES = "driver.stp.recovery_tick_cycles", 16.0;
        /// Control voltage in codes at activation 31, V_h0 (5.5).
        HAGEN_BASE = "driver.hagen.v_base", 36.0;
        /// Codes of control voltage per step of the hagen DAC offset (5.5).
        HAGEN_STEP = "driver.hagen.v_step", 3.0;
        /// Setting at which the hagen DAC offset is neutral (5.5).
        HAGEN_OFFSET_CENTER = "driver.hagen.offset_center", 31.0;

        /// Ramp code to which the correlation time constant refers (6).
        CORRELATION_RAMP_REFERENCE = "correlation.tau_ramp_reference", 80.0;
        /// Store code to which the correlation amplitude refers (6).
        CORRELATION_STORE_REFERENCE = "correlation.amplitude_store_reference", 70.0;
        /// Relative amplitude per volt of `v_res_meas` (6).
        CORRELATION_BOARD_SLOPE = "correlation.v_res_meas_slope", 5.0;
        /// Board voltage `v_res_meas` in V to which the amplitude refers (6).
        CORRELATION_BOARD_REFERENCE = "correlation.v_res_meas", 0.9;
        /// Accumulator reset voltage in V to which the baseline refers (6, settled O18).
        CORRELATION_RESET_REFERENCE = "correlation.v_reset", 1.85;
        /// Divisor step of the amplitude calibration bits (6).
        CORRELATION_AMPLITUDE_STEP = "correlation.amp_calib_step", 0.25;
        /// Divisor step of the time calibration bits (6).
        CORRELATION_TIME_STEP = "correlation.time_calib_step", 0.25;
        /// Compression scale of the accumulator in CADC codes (6).
        CORRELATION_COMPRESSION = "correlation.compression_scale", 200.0;
        /// Saturation of the accumulator in CADC codes (6).
        CORRELATION_SATURATION = "correlation.saturation", 165.0;
        /// Leakage of the accumulator in CADC codes per ms (6).
        CORRELATION_LEAKAGE = "correlation.leak_rate", 0.05;
        /// Relative change of the amplitude from the middle of the array to its right edge (6).
        CORRELATION_GRADIENT_RIGHT = "correlation.gradient_left_right", 0.2;
        /// Relative change of the amplitude from the neurons to the bottom edge (6).
        CORRELATION_GRADIENT_DOWN = "correlation.gradient_top_bottom", 0.1;

        /// Volts per code of the CADC ramp start (7.1).
        CADC_RAMP_START_LSB = "cadc.v_start_per_lsb", 1.875e-3;
        /// Fraction of neuron circuits that are stuck in reset (8.2).
        DEAD_NEURONS = "defects.neuron_dead_fraction", 0.002;
        /// Fraction of correlation sensors without amplitude (8.2, 6).
        DEAD_SENSORS = "defects.synapse_correlation_dead_fraction", 0.01;
    }
}

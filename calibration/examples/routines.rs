//! Runs the neuron routines one after the other on one individual and says what each came to, in which time.
//!
//! `cargo run --release -p bss2-calibration --example routines -- SEED NEURONS ROUTINE...`

use bss2_calibration::algorithms::Search;
use bss2_calibration::error::Result;
use bss2_calibration::neuron::Polarity;
use bss2_calibration::neuron::capacitance;
use bss2_calibration::neuron::coba::ConductanceBased;
use bss2_calibration::neuron::compartment::InterCompartment;
use bss2_calibration::neuron::dac_bias::SynapseDacBias;
use bss2_calibration::neuron::leak_noise::LeakNoise;
use bss2_calibration::neuron::membrane::{MembraneCadc, MembraneMadc};
use bss2_calibration::neuron::potential::{LeakPotential, ResetPotential};
use bss2_calibration::neuron::reference::SynapticReference;
use bss2_calibration::neuron::strength::SynapticStrength;
use bss2_calibration::neuron::synaptic::SynapticTimeConstant;
use bss2_calibration::neuron::threshold::ThresholdCadc;
use bss2_calibration::routine::Step;
use bss2_calibration::{Link, Routine, Session, base_state};
use bss2_chip::Chip;
use bss2_host::executor::{Executor, ExecutorConfig};
use std::time::Instant;

fn statistics(values: &[f64]) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 20;
    let core = &sorted[cut..sorted.len() - cut];
    let mean = core.iter().sum::<f64>() / core.len() as f64;
    let variance = core.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / core.len() as f64;
    (mean, variance.sqrt())
}

/// Runs a routine and measures again with all knobs at their median, and as calibrated.
fn run(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    search: &Search,
    target: Option<&[f64]>,
) -> Result<()> {
    let (begin, chip) = (Instant::now(), session.chip_time());
    let outcome = session.calibrate(routine, search, target)?;
    let took = begin.elapsed().as_secs_f64();
    let chip = (session.chip_time() - chip).as_secs_f64();
    let parameters: Vec<f64> = outcome.parameters.iter().map(|&code| f64::from(code)).collect();
    let (residual, spread) = statistics(&outcome.residuals);
    let (code, codes) = statistics(&parameters);
    println!(
        "{:36} target {:7.2} residual {residual:6.2} +- {spread:5.2}; codes {code:6.1} +- {codes:5.1}; {:3} of {} failed; {took:5.2} s, chip {chip:5.2} s",
        outcome.routine,
        outcome.targets[0],
        outcome.failures(),
        outcome.len(),
    );
    Ok(())
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed = arguments.first().map_or(1, |text| text.parse().expect("a seed"));
    let count = arguments.get(1).map_or(512, |text| text.parse().expect("a number of neurons"));
    let only = &arguments[2.min(arguments.len())..];
    let wanted = |name: &str| only.is_empty() || only.iter().any(|own| own == name);

    let mut executor = Executor::new(Chip::new(seed), ExecutorConfig::power_up());
    let mut listener = |step: Step<'_>| {
        if let Step::Note(text) = step {
            println!("  ({text})");
        }
    };
    let begin = Instant::now();
    let mut link = Link::new(&mut executor);
    link.bring_up()?;
    println!("bring-up {:.2} s", begin.elapsed().as_secs_f64());
    // Neighbours, for those routines that need both.
    let neurons = if only.iter().any(|own| own == "icc") {
        Session::all_neurons().into_iter().take(count).collect()
    } else {
        Session::some_neurons(count)
    };
    let mut session = Session::new(link, neurons, seed, &mut listener);
    let begin = Instant::now();
    session.link.establish(base_state::write_nominal_ramps)?;
    base_state::integration(&mut session)?;
    println!("base state {:.2} s", begin.elapsed().as_secs_f64());
    let noisy = Search::NOISY;
    if wanted("leak") {
        run(&mut session, &mut LeakPotential::default(), &noisy, Some(&[80.0]))?;
    }
    if wanted("reset") {
        run(&mut session, &mut ResetPotential::default(), &noisy, Some(&[70.0]))?;
    }
    if wanted("threshold") {
        run(&mut session, &mut ThresholdCadc::quick(), &noisy, Some(&[125.0]))?;
    }
    if wanted("full-threshold") {
        run(&mut session, &mut ThresholdCadc::default(), &noisy, Some(&[125.0]))?;
    }
    for polarity in Polarity::ALL {
        if wanted("syn") {
            run(&mut session, &mut SynapticTimeConstant::new(polarity), &noisy, Some(&[10.0]))?;
        }
        if wanted("fast-syn") {
            run(&mut session, &mut SynapticTimeConstant::new(polarity), &noisy, Some(&[1.5]))?;
        }
    }
    if wanted("dac") {
        session.link.configure(|program| {
            bss2_calibration::program::write_shared_cell(
                program,
                bss2_host::registers::capmem::SharedParameter::SynIBiasDac,
                600,
            );
        })?;
        run(&mut session, &mut SynapseDacBias::default(), &Search::Binary, None)?;
    }
    if wanted("mem-cadc") {
        let mut leak = MembraneCadc::default();
        leak.leak = Some(120.0);
        run(&mut session, &mut LeakPotential::default(), &noisy, Some(&[120.0]))?;
        run(&mut session, &mut leak, &noisy, Some(&[60.0]))?;
    }
    if wanted("strength") {
        for polarity in Polarity::ALL {
            run(&mut session, &mut SynapticStrength::spiking(polarity, 500), &noisy, None)?;
            run(&mut session, &mut SynapticReference::new(polarity), &noisy, None)?;
        }
    }
    if only.iter().any(|own| own == "coba") {
        // Of a chip with calibrated inputs: after mem-cadc and strength.
        for polarity in Polarity::ALL {
            let mut routine = ConductanceBased::new(polarity, vec![102.0]);
            let reversal = if polarity == Polarity::Excitatory { 300.0 } else { 30.0 };
            run(&mut session, &mut routine, &noisy, Some(&[reversal]))?;
        }
    }
    if only.iter().any(|own| own == "icc") {
        run(&mut session, &mut InterCompartment::default(), &noisy, Some(&[5.0]))?;
    }
    if only.iter().any(|own| own == "noise") {
        run(&mut session, &mut LeakNoise::default(), &noisy, Some(&[0.72]))?;
    }
    if only.iter().any(|own| own == "capacitance") {
        let found = capacitance::parasitic(&mut session, 100.0, 4)?;
        let codes: Vec<f64> = found.iter().map(|parasitic| parasitic.codes).collect();
        println!("parasitic capacitance {:.2?} codes", statistics(&codes));
    }
    if wanted("mem") {
        run(&mut session, &mut LeakPotential::default(), &noisy, Some(&[80.0]))?;
        run(&mut session, &mut MembraneMadc::default(), &noisy, Some(&[10.0]))?;
        run(&mut session, &mut LeakPotential::default(), &noisy, Some(&[80.0]))?;
    }
    Ok(())
}

use crate::circuits::{chip, top};
use bss2_analog::reference::Input;
use bss2_analog::stepped::{Engine, Options};
use bss2_analog::{AnalogOptions, Line};
use bss2_base::{COLUMNS, Hemisphere, SimTime};

fn running() -> Engine {
    let mut engine = Engine::new(chip(), Options::of_core(9, &AnalogOptions::default())).unwrap();
    for event in 0..20 {
        let charges = core::array::from_fn(|column| 2e-16 * ((column + event) % 19) as f32);
        let at = SimTime::from_ns(700 * event as u64);
        engine.pulse(at, Hemisphere::ALL[event % 2], Line::ALL[event / 2 % 2], &charges).unwrap();
    }
    engine.input(SimTime::from_us(12), top(3), Input::Fire).unwrap();
    engine.set_debug_line(top(5), Line::Inhibitory, Some(1.17)).unwrap();
    engine.advance(SimTime::from_ps(7_654_321));
    engine.park(top(9)).unwrap();
    engine.follow(top(10), SimTime::from_us(8), SimTime::MAX).unwrap();
    engine
}

#[test]
fn what_comes_out_of_a_snapshot_goes_on_with_the_same_bits() {
    let mut engine = running();
    for wait in [0, 1_234_567] {
        engine.advance(engine.now().saturating_add(SimTime::from_ps(wait)));
        let bytes = encode(&engine);
        let mut copy: Engine =
            bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
        assert!(copy == engine);
        assert_eq!(encode(&copy), bytes);
        let mut going_on = engine.clone();
        going_on.advance(SimTime::from_us(30));
        assert!(copy != going_on);
        copy.advance(SimTime::from_us(11));
        copy.advance(SimTime::from_us(30));
        assert!(copy == going_on);
        let fires = copy.take_fires();
        assert!(fires.len() > 300 && fires == going_on.take_fires());
    }
}

#[test]
fn snapshots_that_no_engine_can_be_in_are_refused() {
    let engine = running();
    let good = serde_json::to_value(&engine).unwrap();
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        assert_ne!(bad, good);
        serde_json::from_value::<Engine>(bad).unwrap_err().to_string()
    };
    assert!(refused(&|v| v["standings"].as_array_mut().unwrap().truncate(3)).contains("3 states for 512"));
    assert!(refused(&|v| v["debug"] = serde_json::json!([])).contains("debug switches"));
    assert!(
        refused(&|v| v["standings"][17]["Alone"]["course"]["v"] = serde_json::json!(1e30))
            .contains("neuron 17")
    );
    assert!(
        refused(&|v| v["standings"][17]["Alone"]["end"] = serde_json::json!(u64::MAX - 1))
            .contains("neuron 17")
    );
    assert!(refused(&|v| v["now"] = serde_json::json!(u64::MAX)).contains("stands where"));
    assert!(
        refused(&|v| v["standings"][17]["Alone"]["automaton"]["at"][2] = serde_json::json!(1))
            .contains("neuron 17")
    );

    assert!(refused(&|v| v["standings"][200]["Joined"]["v"] = serde_json::json!(0.1)).contains("contradict"));
    assert!(
        refused(&|v| v["circuits"][3][1]["membrane"]["parasitic"] = serde_json::json!(-1.0))
            .contains("parasitic")
    );
    assert!(refused(&|v| v["circuits"][3][0] = v["circuits"][4][0].clone()).contains("twice"));
    assert!(refused(&|v| v["pulses"][0]["charges"] = serde_json::json!([1.0])).contains("1 entries"));
    assert!(refused(&|v| v["pulses"][0]["time"] = serde_json::json!(u64::MAX)).contains("out of order"));
    assert!(refused(&|v| v["inputs"][0]["time"] = serde_json::json!(5)).contains("before the present"));
    assert!(refused(&|v| v["inputs"][0]["circuit"] = serde_json::json!(5000)).contains("beyond"));
    assert!(refused(&|v| v["options"]["noise"]["threshold"] = serde_json::json!(-1.0)).contains("threshold"));
    let json = serde_json::to_string(&good["pulses"][0]["charges"]).unwrap();
    assert_eq!(json.matches(',').count(), COLUMNS - 1);
}

fn encode(engine: &Engine) -> Vec<u8> {
    bincode::serde::encode_to_vec(engine, bincode::config::standard()).unwrap()
}

//! Measured values that take the place of drawn ones.

use super::{Distribution, Parameter, Quantity};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Values of some parameters of some instances that somebody measured (or wished for): they replace what the seed draws, whatever
/// deviations are switched on. Cheap to copy.
///
/// A value is that of one row of the table alone: leak and reset share their drawn strength, but a measured leak leaves the reset as it
/// was drawn; the amplitude of a correlation sensor is still multiplied by the asymmetry of the branches and by the gradient over the
/// array.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Measured(Option<Arc<Values>>);

#[derive(Clone, Debug, Default)]
struct Values {
    /// By parameter; empty if none of it was measured, else all of them, NaN where not measured.
    values: Vec<Vec<f64>>,
    /// The numbers of all dead neurons, in order, if that was measured.
    dead_neurons: Option<Vec<u32>>,
    /// The numbers of the synapses with dead sensors, in order, if that was measured.
    dead_sensors: Option<Vec<u32>>,
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        let bits = |values: &[Vec<f64>]| -> Vec<Vec<u64>> {
            values.iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
        };
        self.dead_neurons == other.dead_neurons
            && self.dead_sensors == other.dead_sensors
            && bits(&self.values) == bits(&other.values)
    }
}

/// A value that no circuit has.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// NaN or infinite.
    #[error("{0} is no finite number")]
    NotFinite(f64),
    /// A parameter or an instance that there is not.
    #[error("there is no value number {index} of {path}, but {count}")]
    NoSuchInstance {
        /// The parameter.
        path: &'static str,
        /// Which value of it.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// Further from the typical value than any circuit; a wrong unit, most likely.
    #[error("{value:e} is not within {low:.1e} to {high:.1e} {unit}")]
    OutOfRange {
        /// What was given.
        value: f64,
        /// The smallest value.
        low: f64,
        /// The largest value.
        high: f64,
        /// The unit of all three.
        unit: &'static str,
    },
}

impl Quantity {
    /// The range of values that are believed: a hundred times the typical value up and down, or 30 standard deviations around it.
    ///
    /// What there is of nothing (charge of a synapse, amplitude of a sensor) may be 0.
    pub fn range(&self) -> (f64, f64) {
        match self.distribution {
            Distribution::Multiplicative => {
                let may_be_nothing = [Parameter::SynapseCharge, Parameter::CorrelationAmplitude]
                    .iter()
                    .any(|parameter| parameter.quantity().path == self.path);
                let low = if may_be_nothing { 0.0 } else { self.nominal / 100.0 };
                (low, self.nominal * 100.0)
            }
            Distribution::Additive => {
                let [chip, quadrant, instance] = [self.chip, self.quadrant, self.instance];
                let reach = 30.0 * (chip * chip + quadrant * quadrant + instance * instance).sqrt();
                ((self.nominal - reach).max(self.floor), self.nominal + reach)
            }
        }
    }
}

impl Measured {
    /// Nothing was measured.
    pub const NOTHING: Self = Self(None);

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Sets a value: draw `draw` of an instance, in the unit of its row of the table.
    ///
    /// # Errors
    /// [`ValueError`] if there is no such instance, or no circuit has such a value.
    pub fn set(
        &mut self,
        parameter: Parameter,
        instance: usize,
        draw: u64,
        value: f64,
    ) -> Result<(), ValueError> {
        let row = parameter.quantity();
        let index = instance.saturating_mul(row.draws as usize).saturating_add(draw as usize);
        if draw >= row.draws || instance >= row.kind.instances() {
            return Err(ValueError::NoSuchInstance { path: row.path, index, count: row.values() });
        }
        self.set_value(parameter, index, value)
    }

    /// [`Self::set`] by the number of the value, `instance * draws + draw`.
    pub(super) fn set_value(
        &mut self,
        parameter: Parameter,
        index: usize,
        value: f64,
    ) -> Result<(), ValueError> {
        let row = parameter.quantity();
        if !value.is_finite() {
            return Err(ValueError::NotFinite(value));
        }
        let (low, high) = row.range();
        if !(low..=high).contains(&value) {
            return Err(ValueError::OutOfRange { value, low, high, unit: row.unit });
        }
        let values = &mut self.change().values;
        values.resize(Parameter::ALL.len(), Vec::new());
        let values = &mut values[parameter as usize];
        values.resize(row.values(), f64::NAN);
        match values.get_mut(index) {
            Some(place) => *place = value,
            None => return Err(ValueError::NoSuchInstance { path: row.path, index, count: row.values() }),
        }
        Ok(())
    }

    /// Says which neurons (`256 * hemisphere + column`) are stuck in reset: these and no others.
    ///
    /// # Errors
    /// [`ValueError::NoSuchInstance`].
    pub fn set_dead_neurons(&mut self, neurons: &[usize]) -> Result<(), ValueError> {
        let neurons = numbers(neurons, Self::DEAD_NEURONS, bss2_base::NEURONS)?;
        self.change().dead_neurons = Some(neurons);
        Ok(())
    }

    /// Says which synapses ([`synapse_index`](super::synapse_index)) have correlation sensors without amplitude: these and no others.
    ///
    /// # Errors
    /// [`ValueError::NoSuchInstance`].
    pub fn set_dead_sensors(&mut self, synapses: &[usize]) -> Result<(), ValueError> {
        let sensors = numbers(synapses, Self::DEAD_SENSORS, super::Kind::Synapse.instances())?;
        self.change().dead_sensors = Some(sensors);
        Ok(())
    }

    /// What the list of dead neurons is called.
    pub(super) const DEAD_NEURONS: &'static str = "defects.dead_neurons";
    /// What the list of dead sensors is called.
    pub(super) const DEAD_SENSORS: &'static str = "defects.dead_correlation_sensors";

    /// A number that tells sets of values apart, the same on every machine: FNV-1a over what was measured.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut take = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        let stored = Stored::from(self.clone());
        for (path, values) in &stored.values {
            take(path.as_bytes());
            for (index, value) in values {
                take(&index.to_le_bytes());
                take(&value.to_le_bytes());
            }
        }
        for dead in [&stored.dead_neurons, &stored.dead_sensors] {
            take(&[u8::from(dead.is_some())]);
            dead.iter().flatten().for_each(|index| take(&index.to_le_bytes()));
        }
        hash
    }

    fn change(&mut self) -> &mut Values {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// What was measured there.
    #[inline]
    pub(super) fn get(&self, parameter: Parameter, index: usize) -> Option<f64> {
        let values = self.0.as_ref()?.values.get(parameter as usize)?;
        values.get(index).copied().filter(|value| !value.is_nan())
    }

    /// Whether this neuron is dead, if that was measured.
    pub(super) fn dead_neuron(&self, index: usize) -> Option<bool> {
        let dead = self.0.as_ref()?.dead_neurons.as_ref()?;
        Some(dead.binary_search(&(index as u32)).is_ok())
    }

    /// Whether the sensor of this synapse is dead, if that was measured.
    pub(super) fn dead_sensor(&self, index: usize) -> Option<bool> {
        let dead = self.0.as_ref()?.dead_sensors.as_ref()?;
        Some(dead.binary_search(&(index as u32)).is_ok())
    }
}

/// In order, each once.
fn numbers(list: &[usize], path: &'static str, count: usize) -> Result<Vec<u32>, ValueError> {
    let mut numbers = Vec::with_capacity(list.len());
    for &index in list {
        if index >= count {
            return Err(ValueError::NoSuchInstance { path, index, count });
        }
        numbers.push(index as u32);
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// As it is stored: parameters by their paths, each with the numbers of its values.
#[derive(Serialize, Deserialize)]
struct Stored {
    values: Vec<(String, Vec<(u32, f64)>)>,
    dead_neurons: Option<Vec<u32>>,
    dead_sensors: Option<Vec<u32>>,
}

/// What is stored are no measured values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
enum StoredError {
    #[error("there is no parameter '{0}'")]
    Parameter(String),
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl From<Measured> for Stored {
    fn from(measured: Measured) -> Self {
        let Some(measured) = measured.0 else {
            return Self { values: Vec::new(), dead_neurons: None, dead_sensors: None };
        };
        let values = Parameter::ALL.iter().zip(&measured.values).filter(|(_, values)| !values.is_empty());
        let values = values.map(|(parameter, values)| {
            let given = (0..).zip(values.iter().copied()).filter(|(_, value)| !value.is_nan()).collect();
            (parameter.quantity().path.to_owned(), given)
        });
        Self {
            values: values.collect(),
            dead_neurons: measured.dead_neurons.clone(),
            dead_sensors: measured.dead_sensors.clone(),
        }
    }
}

impl TryFrom<Stored> for Measured {
    type Error = StoredError;

    fn try_from(stored: Stored) -> Result<Self, StoredError> {
        let mut measured = Self::NOTHING;
        for (path, values) in stored.values {
            let parameter = Parameter::by_path(&path).ok_or(StoredError::Parameter(path))?;
            for (index, value) in values {
                measured.set_value(parameter, index as usize, value)?;
            }
        }
        let places = |list: Vec<u32>| list.into_iter().map(|index| index as usize).collect::<Vec<_>>();
        if let Some(neurons) = stored.dead_neurons {
            measured.set_dead_neurons(&places(neurons))?;
        }
        if let Some(sensors) = stored.dead_sensors {
            measured.set_dead_sensors(&places(sensors))?;
        }
        Ok(measured)
    }
}

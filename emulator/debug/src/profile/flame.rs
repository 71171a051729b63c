//! Flame graphs.

use inferno::flamegraph::{self, Options};

use super::Profile;

/// A profile of which no flame graph can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FlameError {
    /// There is nothing in it.
    #[error("no cycle was spent")]
    Empty,
    /// What the drawing library said.
    #[error("the flame graph cannot be drawn: {0}")]
    Drawing(std::io::Error),
}

/// An SVG picture of all call paths, as wide as the cycles they took. It can be clicked at and searched in a browser. The same
/// profile makes the same picture.
///
/// # Errors
/// [`FlameError::Empty`] for a profile of nothing.
pub fn flame_graph(profile: &Profile, title: &str) -> Result<String, FlameError> {
    let folded = profile.folded();
    if folded.is_empty() {
        return Err(FlameError::Empty);
    }
    let mut options = Options::default();
    options.title = title.to_owned();
    options.count_name = "cycles".to_owned();
    options.deterministic = true;
    options.image_width = Some(1200);
    options.min_width = 0.1;
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines(), &mut svg).map_err(FlameError::Drawing)?;
    String::from_utf8(svg).map_err(|error| FlameError::Drawing(std::io::Error::other(error)))
}

//! The one way in which the program says that something could not be done.

use std::error::Error;

use crate::text;

/// Why the work could not be done: one line that names culprit and place, and what to do about it where that is known.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error with all its causes on one line; a cause whose text the line already ends with is not said twice.
    pub(crate) fn from_error(error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message)
    }

    /// Writes the line to standard error and, for readers of JSON, an object to standard output.
    pub(crate) fn print(&self, json: bool) {
        // A message of another library may have line breaks; the promise is one line.
        let message = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        eprintln!("error: {message}");
        if let Some(hint) = &self.hint {
            eprintln!("hint: {hint}");
        }
        if json {
            text::print_json(&serde_json::json!({ "error": message, "hint": self.hint }));
        }
    }
}

impl From<clap::Error> for Failure {
    /// The first paragraph of clap's message becomes the line, its tips the hint; usage and the pointer to `--help` go.
    fn from(error: clap::Error) -> Self {
        let rendered = error.render().to_string();
        let mut paragraphs = rendered.split("\n\n");
        let first = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
        let (values, message): (Vec<&str>, Vec<&str>) =
            first.lines().map(str::trim).partition(|line| line.starts_with("[possible values"));
        let mut hints: Vec<String> = values.iter().map(|v| v.trim_matches(['[', ']']).to_owned()).collect();
        for paragraph in paragraphs {
            hints.extend(paragraph.lines().filter_map(|l| Some(l.trim().strip_prefix("tip: ")?.to_owned())));
        }
        let hint =
            if hints.is_empty() { "--help shows what is possible".to_owned() } else { hints.join("; ") };
        Self::new(message.join(" ")).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_not_said_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("out/x.csv: {source}")]
        struct Outer {
            source: std::io::Error,
        }
        let failure = Failure::from_error(&Outer { source: std::io::Error::other("disk full") });
        assert_eq!(failure.message, "out/x.csv: disk full");
    }
}

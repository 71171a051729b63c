//! A page of HTML.

use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:1500px;padding:0 1.5em;color:#1c2430}\
h1{font-size:1.6em}h2{font-size:1.2em;margin-top:2em}table{border-collapse:collapse;font-size:13.5px}\
th,td{border:1px solid #cfd6de;padding:4px 8px;text-align:left;vertical-align:top}th{background:#eef2f6}\
td.good{background:#dff2df}td.bad{background:#f9dcd8}p{max-width:80em}pre{background:#f5f7f9;padding:1em;overflow:auto;font-size:12.5px}\
svg{width:460px;max-width:100%;margin:8px}text.title{font:600 13px sans-serif;fill:#1c2430}\
text.legend{font:11px sans-serif;text-anchor:end}text.tick{font:11px sans-serif;text-anchor:middle;fill:#51606f}\
line.axis{stroke:#51606f}line.mark{stroke:#b3261e;stroke-dasharray:4 3}";

/// A page under construction.
pub(super) struct Page(String);

impl Page {
    pub(super) fn new(title: &str) -> Self {
        let title = escape(title);
        Self(format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style></head>\
             <body><h1>{title}</h1>\n"
        ))
    }

    pub(super) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.0, "<h2>{}</h2>", escape(text));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.0, "<p>{}</p>", escape(text));
    }

    pub(super) fn preformatted(&mut self, text: &str) {
        let _ = writeln!(self.0, "<pre>{}</pre>", escape(text));
    }

    /// A table of cells with their class.
    pub(super) fn table(&mut self, head: &[&str], rows: &[Vec<(String, &str)>]) {
        self.0.push_str("<table><tr>");
        for cell in head {
            let _ = write!(self.0, "<th>{}</th>", escape(cell));
        }
        self.0.push_str("</tr>\n");
        for row in rows {
            self.0.push_str("<tr>");
            for (text, class) in row {
                let _ = write!(self.0, "<td class=\"{class}\">{}</td>", escape(text));
            }
            self.0.push_str("</tr>\n");
        }
        self.0.push_str("</table>\n");
    }

    pub(super) fn figure(&mut self, svg: &str) {
        self.0.push_str(svg);
        self.0.push('\n');
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</body></html>\n");
        self.0
    }
}

/// Text that is no markup.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A number with three significant digits; a dash for NaN.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        _ if value.is_nan() => "–".into(),
        _ if value.is_infinite() => "∞".into(),
        size if size >= 100.0 || value == value.trunc() => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.01 => format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => format!("{value:.1e}"),
    }
}

/// A fraction in percent; a dash for NaN.
pub(super) fn percent(value: f64) -> String {
    if value.is_nan() { "–".into() } else { format!("{:.1} %", 100.0 * value) }
}

//! A profile as one page for a browser: flame graph, table of functions, and the sources with what each line has cost.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::report::dominant;
use super::{FlameError, LineCost, Profile, flame_graph};

const STYLE: &str = "\
body{font:14px/1.4 sans-serif;margin:2em auto;max-width:1240px;padding:0 1em;color:#222}\
object{width:100%;border:1px solid #ddd}\
table{border-collapse:collapse}th,td{padding:1px 10px;text-align:right}th{border-bottom:1px solid #999}\
td:last-child,th:last-child{text-align:left}tr:hover{background:#f2f2f2}\
.source td{font:12px/1.35 monospace;white-space:pre;padding:0 8px}.source td:nth-child(5){color:#999}\
summary{font-weight:bold;margin:.6em 0;cursor:pointer}";

/// The page. `read` gives the text of a source file by its path, where there is one.
///
/// # Errors
/// [`FlameError`] as for [`flame_graph`].
pub fn page(
    profile: &Profile,
    title: &str,
    read: impl Fn(&str) -> Option<String>,
) -> Result<String, FlameError> {
    let flame = STANDARD.encode(flame_graph(profile, title)?);
    let title = escaped(title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n"
    );
    let Profile { cycles, asleep, stalled, instructions, .. } = profile;
    // Writing to a string succeeds.
    let _ = write!(
        page,
        "<p>{cycles} cycles: {instructions} instructions, {stalled} cycles stalled, {asleep} cycles asleep.</p>\n\
         <object type=\"image/svg+xml\" data=\"data:image/svg+xml;base64,{flame}\"></object>\n"
    );
    stalls(&mut page, profile);
    functions(&mut page, profile);
    sources(&mut page, profile, read);
    page.push_str("</html>\n");
    Ok(page)
}

fn stalls(page: &mut String, profile: &Profile) {
    if profile.stalls.is_empty() {
        return;
    }
    page.push_str("<h2>Cycles without issue, by cause</h2>\n<table><tr><th>cycles<th>cause</tr>\n");
    for (cause, cycles) in &profile.stalls {
        let _ = writeln!(page, "<tr><td>{cycles}<td>{cause}</tr>");
    }
    page.push_str("</table>\n");
}

fn functions(page: &mut String, profile: &Profile) {
    page.push_str(
        "<h2>Functions</h2>\n<table><tr><th>cycles<th>stalled<th>total<th>asleep<th>calls<th>function</tr>\n",
    );
    for function in &profile.functions {
        let super::FunctionCost { name, calls, cycles, stalled, total, asleep, .. } = function;
        let share = bar(*cycles, profile.cycles);
        let name = escaped(name);
        let _ = writeln!(
            page,
            "<tr><td{share}>{cycles}<td>{stalled}<td>{total}<td>{asleep}<td>{calls}<td>{name}</tr>"
        );
    }
    page.push_str("</table>\n");
}

fn sources(page: &mut String, profile: &Profile, read: impl Fn(&str) -> Option<String>) {
    let mut files: BTreeMap<&str, BTreeMap<u32, &LineCost>> = BTreeMap::new();
    for line in profile.lines.iter().filter(|line| line.line != 0) {
        files.entry(&line.file).or_default().insert(line.line, line);
    }
    let mut files: Vec<_> = files.into_iter().collect();
    let cost = |lines: &BTreeMap<u32, &LineCost>| lines.values().map(|line| line.cycles).sum::<u64>();
    files.sort_by_key(|(_, lines)| std::cmp::Reverse(cost(lines)));
    page.push_str("<h2>Sources</h2>\n");
    for (index, (file, lines)) in files.iter().enumerate() {
        let open = if index == 0 { " open" } else { "" };
        let cycles = cost(lines);
        let _ = write!(
            page,
            "<details{open}><summary>{}: {cycles} cycles</summary>\n<table class=\"source\"><tr><th>cycles<th>stalled<th>executed<th>stalled by<th>line<th></tr>\n",
            escaped(file)
        );
        let text = read(file);
        let rows: Vec<(u32, &str)> = match &text {
            Some(text) => (1..).zip(text.lines()).collect(),
            None => lines.keys().map(|line| (*line, "")).collect(),
        };
        for (number, source) in rows {
            let source = escaped(source);
            let _ = match lines.get(&number) {
                Some(line) => writeln!(
                    page,
                    "<tr><td{}>{}<td>{}<td>{}<td>{}<td>{number}<td>{source}</tr>",
                    bar(line.cycles, profile.cycles),
                    line.cycles,
                    line.stalled,
                    line.instructions,
                    dominant(&line.stalls)
                ),
                None => writeln!(page, "<tr><td><td><td><td><td>{number}<td>{source}</tr>"),
            };
        }
        page.push_str("</table></details>\n");
    }
}

/// A background as long as the share.
fn bar(part: u64, whole: u64) -> String {
    match (100 * part).checked_div(whole).unwrap_or(0) {
        0 => String::new(),
        percent => format!(
            " style=\"background:linear-gradient(to left,#fc9 {percent}%,transparent {percent}%)\" title=\"{percent} %\""
        ),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

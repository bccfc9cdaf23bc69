//! Lints flags against each other and against the rest of the prompt: given twice, exclusive,
//! without effect alone, not in the version, against the mode.

use super::super::finding::Finding;
use super::super::issue::Issue;
use super::super::scan::{Scan, WrittenFlag};
use super::super::table::{Flag, ValueKind};
use super::super::value::number;
use super::text::has_image;
use crate::diagnostic::quoted;
use crate::task::{Mode, TaskMode};

/// Checks flags against each other and against the mode.
pub(super) fn check(scan: &Scan<'_>, mode: TaskMode, findings: &mut Vec<Finding>) {
    let model = model(scan);
    // The first of each known flag: at most as many as the table has, so the time is not quadratic.
    let mut before: Vec<&WrittenFlag<'_>> = Vec::new();
    for written in &scan.flags {
        let Some(flag) = written.flag else { continue };
        if let Some(first) = before.iter().find(|other| other.canonical() == Some(flag.name)) {
            findings.push(twice(flag, first, written));
            continue;
        }
        findings.extend(before.iter().find_map(|other| excluded(flag, other, written)));
        findings.extend(needed(scan, flag, written));
        findings.extend(model.as_ref().and_then(|model| not_in_model(model, flag, written)));
        findings.extend(against_mode(mode, flag, written));
        findings.extend(unexpanded_repeat(flag, written));
        before.push(written);
    }
    findings.extend(raw_twice(scan));
}

fn quoted_flag(written: &WrittenFlag<'_>) -> String {
    quoted(&written.corrected())
}

fn twice(flag: &Flag, first: &WrittenFlag<'_>, written: &WrittenFlag<'_>) -> Finding {
    let issue = Issue::error(written.span(), format!("`--{}` is given twice", written.name))
        .label("again here")
        .note(format!("the first is {}", quoted_flag(first)));
    if matches!(flag.kind, ValueKind::Exclusions) && !first.value.is_empty() && !written.value.is_empty() {
        return issue.help(format!("write `--no {}, {}`", first.value, written.value)).at(0);
    }
    issue.help("leave one of them out").at(0)
}

fn excluded(flag: &Flag, other: &WrittenFlag<'_>, written: &WrittenFlag<'_>) -> Option<Finding> {
    let name = other.canonical().filter(|name| flag.excludes.contains(name))?;
    let message = format!("`--{}` cannot be combined with `--{}`", written.name, other.name);
    let note = match name {
        "v" | "niji" => "each of them selects the model",
        "cref" | "oref" => "no version has both",
        _ => "each of them selects the speed",
    };
    Some(
        Issue::error(written.span(), message)
            .label("excluded")
            .note(note)
            .help(format!("leave {} or {} out", quoted_flag(other), quoted_flag(written)))
            .at(0),
    )
}

fn needed(scan: &Scan<'_>, flag: &Flag, written: &WrittenFlag<'_>) -> Option<Finding> {
    if flag.name == "iw" && !has_image(scan.text) {
        let issue = Issue::error(written.span(), format!("`--{}` without an image", written.name))
            .label("there is no image to weigh")
            .note("it sets the weight of the images at the start of the prompt")
            .help("start the prompt with the URL of an image, https://...");
        return Some(issue.at(0));
    }
    let other = flag.needs.filter(|name| scan.get(name).is_none())?;
    Some(
        Issue::warning(written.span(), format!("`--{}` has no effect without `--{other}`", written.name))
            .label(format!("there is no `--{other}`"))
            .at(0),
    )
}

/// The model version that the prompt asks for.
struct ModelVersion {
    /// The version number. A niji model has the flags of the version with the same number.
    number: f64,
    /// The model as messages name it.
    name: String,
}

fn model(scan: &Scan<'_>) -> Option<ModelVersion> {
    let (written, family) = scan.get("v").map(|written| (written, "version")).or_else(|| {
        let niji = scan.get("niji")?;
        Some((niji, "niji"))
    })?;
    let number = number(written.value.split_whitespace().next()?)?;
    Some(ModelVersion { number, name: format!("{family} {number}") })
}

/// The finding on a flag that the model does not have. A warning, as the differences are not fully
/// published.
fn not_in_model(model: &ModelVersion, flag: &Flag, written: &WrittenFlag<'_>) -> Option<Finding> {
    let ModelVersion { number, name } = model;
    let span = written.span();
    if flag.name == "quality" {
        return quality(model, written);
    }
    let known = flag.versions.as_ref().filter(|known| *number < known.from || *number >= known.before)?;
    let issue = Issue::warning(span, format!("`--{}` is not for {name}", written.name))
        .label(format!("for {}", known.name));
    let other = match flag.name {
        "cref" if *number >= known.before => "--oref",
        "oref" if (6.0..known.from).contains(number) => "--cref",
        _ => return Some(issue.at(0)),
    };
    Some(issue.help(format!("{name} knows `{other}`")).at(0))
}

/// The finding on a quality that the model does not have.
///
/// V7 takes 1, 2 and 4 (the V7 guide at docs.evolink.ai), earlier versions up to 2. Sources differ
/// on the rest.
fn quality(model: &ModelVersion, written: &WrittenFlag<'_>) -> Option<Finding> {
    let quality = number(written.value)?;
    let (fits, legal) = match model.number >= 7.0 {
        true => (quality >= 1.0, "1, 2 or 4"),
        false => (quality <= 2.0, ".25, .5, 1 or 2"),
    };
    (!fits && [0.25, 0.5, 4.0].contains(&quality)).then(|| {
        Issue::warning(written.span(), format!("{} is not for {}", quoted_flag(written), model.name))
            .label("not with this model")
            .note(format!("{} takes {legal}", model.name))
            .at(0)
    })
}

fn against_mode(mode: TaskMode, flag: &Flag, written: &WrittenFlag<'_>) -> Option<Finding> {
    let is_same = match (flag.kind, flag.name, mode) {
        (ValueKind::Speed, "fast", TaskMode::Fixed(Mode::Fast))
        | (ValueKind::Speed, "relax", TaskMode::Fixed(Mode::Relaxed)) => true,
        (ValueKind::Speed, ..) => false,
        _ => return None,
    };
    if is_same {
        return Some(
            Issue::warning(written.token.clone(), format!("`--{}` repeats the mode", written.name))
                .label("not needed")
                .note(format!("the task's mode is `{mode}`"))
                .help(format!("leave `--{}` out", written.name))
                .at(0),
        );
    }
    let issue =
        Issue::error(written.token.clone(), format!("`--{}` clashes with the mode `{mode}`", written.name))
            .label("the mode is different");
    let issue = match flag.name {
        "turbo" => issue
            .note("the service has the modes `fast` and `relaxed`")
            .help(format!("leave `--{}` out", written.name)),
        "fast" => issue.help("leave `--fast` out, or write `mode: fast`"),
        _ => issue.help("leave `--relax` out, or write `mode: relaxed`"),
    };
    Some(issue.at(0))
}

fn unexpanded_repeat(flag: &Flag, written: &WrittenFlag<'_>) -> Option<Finding> {
    (flag.kind == ValueKind::Repeat && !written.is_mistyped).then(|| {
        Issue::error(written.span(), format!("`--{}` cannot be sent", written.name))
            .label("starts several jobs for one task")
            .note("repeats are expanded before anything is sent: each becomes a task")
            .at(0)
    })
}

fn raw_twice(scan: &Scan<'_>) -> Option<Finding> {
    let (raw, style) = (scan.get("raw")?, scan.get("style")?);
    let same = style.value.eq_ignore_ascii_case("raw");
    same.then(|| {
        let later = if raw.token.start > style.token.start { raw } else { style };
        Issue::warning(later.span(), "`--raw` and `--style raw` mean the same")
            .label("again here")
            .help("leave one of them out")
            .at(0)
    })
}

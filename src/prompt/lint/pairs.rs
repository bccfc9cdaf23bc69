//! What is wrong between flags, and between a flag and the rest: twice, exclusive, useless alone, wrong for the version,
//! against the mode.

use super::super::Finding;
use super::super::fault::Fault;
use super::super::scan::{Scan, Written};
use super::super::table::{Flag, Kind};
use super::super::value::number;
use super::text::has_image;
use crate::diagnostic::quoted;
use crate::task::{Mode, TaskMode};

/// Checks flags against each other and against the mode.
pub(super) fn check(scan: &Scan<'_>, mode: TaskMode, findings: &mut Vec<Finding>) {
    let model = model(scan);
    // The first of each known flag, so that a long prompt takes no quadratic time.
    let mut before: Vec<&Written<'_>> = Vec::new();
    for written in &scan.flags {
        let Some(flag) = written.flag else { continue };
        if let Some(first) = before.iter().find(|other| other.canonical() == Some(flag.name)) {
            findings.push(twice(flag, first, written));
            continue;
        }
        findings.extend(before.iter().find_map(|other| excluded(flag, other, written)));
        findings.extend(needed(scan, flag, written));
        findings.extend(model.as_ref().and_then(|model| of_model(model, flag, written)));
        findings.extend(against_mode(mode, flag, written));
        findings.extend(left(flag, written));
        before.push(written);
    }
    findings.extend(raw_twice(scan));
}

fn shown(written: &Written<'_>) -> String {
    quoted(&written.meant())
}

fn twice(flag: &Flag, first: &Written<'_>, written: &Written<'_>) -> Finding {
    let fault = Fault::error(written.span(), format!("`--{}` stands twice", written.name))
        .label("again here")
        .note(format!("the first is {}", shown(first)));
    if matches!(flag.kind, Kind::Exclusions) && !first.value.is_empty() && !written.value.is_empty() {
        return fault.help(format!("write `--no {}, {}`", first.value, written.value)).at(0);
    }
    fault.help("leave one of them out").at(0)
}

fn excluded(flag: &Flag, other: &Written<'_>, written: &Written<'_>) -> Option<Finding> {
    let name = other.canonical().filter(|name| flag.excludes.contains(name))?;
    let message = format!("`--{}` cannot stand beside `--{}`", written.name, other.name);
    let note = match name {
        "v" | "niji" => "each of them chooses the model",
        "cref" | "oref" => "no version knows both",
        _ => "each of them chooses the speed",
    };
    Some(
        Fault::error(written.span(), message)
            .label("excluded")
            .note(note)
            .help(format!("leave {} or {} out", shown(other), shown(written)))
            .at(0),
    )
}

fn needed(scan: &Scan<'_>, flag: &Flag, written: &Written<'_>) -> Option<Finding> {
    if flag.name == "iw" && !has_image(scan.text) {
        let fault = Fault::error(written.span(), format!("`--{}` without an image", written.name))
            .label("there is no image to weigh")
            .note("it says how much the images at the start of the prompt count")
            .help("start the prompt with the address of an image, https://...");
        return Some(fault.at(0));
    }
    let other = flag.needs.filter(|name| scan.get(name).is_none())?;
    Some(
        Fault::warning(written.span(), format!("`--{}` does nothing without `--{other}`", written.name))
            .label(format!("there is no `--{other}`"))
            .at(0),
    )
}

/// The model that the prompt asks for.
struct Model {
    /// Its number; niji knows what the version of its number knows.
    number: f64,
    /// As people call it.
    said: String,
}

fn model(scan: &Scan<'_>) -> Option<Model> {
    let (written, family) = scan.get("v").map(|written| (written, "version")).or_else(|| {
        let niji = scan.get("niji")?;
        Some((niji, "niji"))
    })?;
    let number = number(written.value.split_whitespace().next()?)?;
    Some(Model { number, said: format!("{family} {number}") })
}

/// Versions differ in more than is published, so what does not fit one is only odd.
fn of_model(model: &Model, flag: &Flag, written: &Written<'_>) -> Option<Finding> {
    let Model { number, said } = model;
    let span = written.span();
    if flag.name == "quality" {
        return quality(model, written);
    }
    let known = flag.versions.as_ref().filter(|known| *number < known.from || *number >= known.before)?;
    let fault = Fault::warning(span, format!("`--{}` is not for {said}", written.name))
        .label(format!("for {}", known.said));
    let other = match flag.name {
        "cref" if *number >= known.before => "--oref",
        "oref" if (6.0..known.from).contains(number) => "--cref",
        _ => return Some(fault.at(0)),
    };
    Some(fault.help(format!("{said} knows `{other}`")).at(0))
}

/// V7 draws with 1, 2 and 4 (the V7 guide at docs.evolink.ai), the versions before it with up to 2; sources differ in more.
fn quality(model: &Model, written: &Written<'_>) -> Option<Finding> {
    let quality = number(written.value)?;
    let (fits, legal) = match model.number >= 7.0 {
        true => (quality >= 1.0, "1, 2 or 4"),
        false => (quality <= 2.0, ".25, .5, 1 or 2"),
    };
    (!fits && [0.25, 0.5, 4.0].contains(&quality)).then(|| {
        Fault::warning(written.span(), format!("{} is not for {}", shown(written), model.said))
            .label("not with this model")
            .note(format!("{} takes {legal}", model.said))
            .at(0)
    })
}

fn against_mode(mode: TaskMode, flag: &Flag, written: &Written<'_>) -> Option<Finding> {
    let same = match (flag.kind, flag.name, mode) {
        (Kind::Speed, "fast", TaskMode::Fixed(Mode::Fast))
        | (Kind::Speed, "relax", TaskMode::Fixed(Mode::Relaxed)) => true,
        (Kind::Speed, ..) => false,
        _ => return None,
    };
    if same {
        return Some(
            Fault::warning(written.token.clone(), format!("`--{}` says the mode again", written.name))
                .label("not needed")
                .note(format!("the task's mode is `{mode}`"))
                .help(format!("leave `--{}` out", written.name))
                .at(0),
        );
    }
    let fault =
        Fault::error(written.token.clone(), format!("`--{}` clashes with the mode `{mode}`", written.name))
            .label("the mode says otherwise");
    let fault = match flag.name {
        "turbo" => fault
            .note("the service knows the modes `fast` and `relaxed`")
            .help(format!("leave `--{}` out", written.name)),
        "fast" => fault.help("leave `--fast` out, or write `mode: fast`"),
        _ => fault.help("leave `--relax` out, or write `mode: relaxed`"),
    };
    Some(fault.at(0))
}

fn left(flag: &Flag, written: &Written<'_>) -> Option<Finding> {
    (flag.kind == Kind::Repeat && !written.slipped).then(|| {
        Fault::error(written.span(), format!("`--{}` cannot be sent", written.name))
            .label("makes many jobs of one task")
            .note("repeats are unrolled before anything is sent, so that each is a task")
            .at(0)
    })
}

fn raw_twice(scan: &Scan<'_>) -> Option<Finding> {
    let (raw, style) = (scan.get("raw")?, scan.get("style")?);
    let same = style.value.eq_ignore_ascii_case("raw");
    same.then(|| {
        let later = if raw.token.start > style.token.start { raw } else { style };
        Fault::warning(later.span(), "`--raw` and `--style raw` say the same")
            .label("again here")
            .help("leave one of them out")
            .at(0)
    })
}

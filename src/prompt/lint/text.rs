//! Lints the text before the flags: no text, image URLs out of place, malformed weights.

use std::ops::Range;

use super::super::finding::Finding;
use super::super::issue::{Issue, words};
use super::super::scan::Scan;
use super::super::value::{is_url, number};
use crate::diagnostic::quoted;

/// Checks the text, and URLs in the whole prompt.
pub(super) fn check(prompt: &str, scan: &Scan<'_>, findings: &mut Vec<Finding>) {
    findings.extend(broken_urls(prompt));
    urls(scan.text, findings);
    weights(scan.text, findings);
}

/// The URLs at the start of a text, where images belong.
fn image_urls(text: &str) -> impl Iterator<Item = &str> {
    words(text).map(|(_, word)| word).take_while(|word| is_url(word.trim_end_matches(',')))
}

/// Whether a prompt's text starts with an image.
pub(in super::super) fn has_image(text: &str) -> bool {
    image_urls(text).next().is_some()
}

/// The finding on a prompt without text.
pub(super) fn missing_text(scan: &Scan<'_>) -> Finding {
    match scan.flags.first() {
        None => Issue::error(0..0, "the prompt is empty").label("a prompt needs text"),
        Some(first) => {
            Issue::error(first.token.clone(), "the prompt has flags and no text").label("no text before this")
        }
    }
    .at(0)
}

fn is_image_file(word: &str) -> bool {
    let word = word.trim_end_matches([',', '.']);
    let path = word.split(['?', '#']).next().unwrap_or(word).to_ascii_lowercase();
    [".png", ".jpg", ".jpeg", ".webp", ".gif"].iter().any(|ending| path.ends_with(ending))
}

/// Finds URLs with spaces in them, such as `https://example.com/red mug.png`.
fn broken_urls(prompt: &str) -> Vec<Finding> {
    const MOST_BLANKS: usize = 3;
    if !prompt.contains("://") {
        return Vec::new();
    }
    let all: Vec<(usize, &str)> = words(prompt).collect();
    let mut findings = Vec::new();
    for (index, (start, word)) in all.iter().enumerate() {
        if !is_url(word) || is_image_file(word) {
            continue;
        }
        let following = all[index + 1..].iter().take(MOST_BLANKS);
        let Some((end_start, end)) = following
            .take_while(|(_, word)| !is_url(word) && !word.starts_with('-'))
            .find(|(_, word)| is_image_file(word))
        else {
            continue;
        };
        let span = *start..end_start + end.len();
        let corrected = prompt[span.clone()].split_whitespace().collect::<Vec<_>>().join("%20");
        findings.push(
            Issue::error(span, "a space in the URL of an image")
                .label("the URL ends at the first space")
                .help(format!("write `{corrected}`"))
                .at(0),
        );
    }
    findings
}

fn urls(text: &str, findings: &mut Vec<Finding>) {
    let images = image_urls(text).count();
    for (index, (start, word)) in words(text).enumerate() {
        let bare = word.trim_end_matches(',');
        let span = start..start + word.len();
        if index < images {
            if bare.len() < word.len() {
                findings.push(comma_after_url(start + bare.len()..span.end, bare));
            }
        } else if is_url(bare) {
            findings.push(out_of_place(span, text, bare));
        }
    }
    // "Prompts must have two images or one image and text": Midjourney's page on image prompts;
    // newer models may differ.
    if images == 1 && words(text).count() == 1 {
        let end = text.trim_end().len();
        findings.push(
            Issue::warning(end - text.trim().len()..end, "one image and no text")
                .label("the image has no text")
                .note("Midjourney requires text with a single image, or at least two images")
                .at(0),
        );
    }
}

fn comma_after_url(span: Range<usize>, url: &str) -> Finding {
    Issue::warning(span, "a comma after the URL of an image")
        .label("read as part of the URL")
        .note("URLs are separated by spaces only")
        .help(format!("write `{url}`"))
        .at(0)
}

fn out_of_place(span: Range<usize>, text: &str, url: &str) -> Finding {
    let start = text[..span.start].trim_end();
    let end = text[span.end..].trim();
    let corrected = [url, start.trim_start(), end].join(" ");
    let message = "an image URL after text";
    if !is_image_file(url) {
        return Issue::warning(span, "a URL in the text")
            .label("if it is an image, it belongs at the start")
            .note("a prompt is image URLs, then text, then flags")
            .at(0);
    }
    let help = format!("put it first: {}", quoted(corrected.trim()));
    Issue::error(span, message)
        .label("images belong at the start")
        .note("a prompt is image URLs, then text, then flags")
        .help(help)
        .at(0)
}

/// Checks multi-prompts, such as `hot::2 dog::-.5`: a number right after `::` is a weight, 1 if
/// there is none.
fn weights(text: &str, findings: &mut Vec<Finding>) {
    let mut sum = 0.0;
    let mut negative: Option<Range<usize>> = None;
    let mut last_end = 0;
    for (start, word) in words(text).filter(|(_, word)| !is_url(word)) {
        for (at, _) in word.match_indices("::") {
            let weight = word[at + 2..].split("::").next().unwrap_or_default();
            let weight = weight.trim_end_matches([',', ';', '!', '?']);
            let span = start + at..start + at + 2 + weight.len();
            last_end = span.end;
            let is_meant =
                weight.trim_start_matches(['-', '+', '.']).starts_with(|c: char| c.is_ascii_digit());
            let value = number(weight);
            sum += value.unwrap_or(1.0);
            if value.is_none() && is_meant {
                findings.push(no_weight(span, weight));
            } else if value.is_some_and(|value| value < 0.0) {
                negative = Some(span);
            }
        }
    }
    if !text.get(last_end..).unwrap_or_default().trim().is_empty() {
        sum += 1.0;
    }
    // "The sum of all weights must be a positive number": Midjourney's page on multi-prompts, in
    // many public copies.
    if let Some(span) = negative.filter(|_| sum <= 0.0) {
        findings.push(
            Issue::error(span, format!("the weights add up to {sum}"))
                .label("the last negative weight")
                .note("the sum of all weights must be greater than 0")
                .at(0),
        );
    }
}

fn no_weight(span: Range<usize>, weight: &str) -> Finding {
    Issue::warning(span, format!("{} is not a weight", quoted(weight)))
        .label("read as text")
        .note("a weight is a number right after `::`, as in `::2` or `::-.5`")
        .at(0)
}

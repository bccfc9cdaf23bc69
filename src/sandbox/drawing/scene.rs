//! The scenes: hills in haze, the sea, things on a podium, paper-cut waves. Each lays itself out
//! anew for every image.

use super::canvas::{Canvas, Color, blend, ease};
use super::noise::{Rng, focus, rugged, smooth, wave};
use super::palette::Palette;
use super::still;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scene {
    Hills,
    Sea,
    Still,
    Waves,
}

/// The words that ask for a scene.
const WORDS: [(Scene, &[&str]); 4] = [
    (
        Scene::Still,
        &[
            "mug",
            "cup",
            "bottle",
            "product",
            "studio",
            "shoe",
            "shoes",
            "sneaker",
            "bag",
            "lamp",
            "chair",
            "vase",
            "candle",
            "jar",
            "soap",
            "watch",
            "ring",
            "table",
            "packshot",
            "bowl",
            "plate",
            "perfume",
            "headphones",
            "still",
            "shirt",
            "hoodie",
            "backpack",
            "kettle",
            "podium",
            "cream",
            "serum",
            "tote",
            "poster",
            "notebook",
        ],
    ),
    (
        Scene::Sea,
        &["sea", "ocean", "beach", "coast", "lake", "island", "sail", "surf", "harbour", "harbor", "boat"],
    ),
    (
        Scene::Hills,
        &[
            "mountain",
            "mountains",
            "hill",
            "hills",
            "valley",
            "landscape",
            "forest",
            "trail",
            "hiking",
            "fog",
            "mist",
            "misty",
            "alps",
            "road",
            "meadow",
            "vineyard",
        ],
    ),
    (Scene::Waves, &["abstract", "pattern", "flow", "gradient", "background", "paper", "texture", "silk"]),
];

impl Scene {
    pub(super) const ALL: [Scene; 4] = [Scene::Hills, Scene::Sea, Scene::Still, Scene::Waves];

    /// The scene that the first known word asks for.
    pub(super) fn of_words(words: &[&str]) -> Option<Scene> {
        words
            .iter()
            .find_map(|word| WORDS.iter().find(|(_, list)| list.contains(word)).map(|(scene, _)| *scene))
    }

    pub(super) fn numbered(number: u8) -> Scene {
        Scene::ALL[usize::from(number) % Scene::ALL.len()]
    }

    /// `number` is the image's, from 1: it sees to it that the four are laid out differently, not
    /// only by chance.
    pub(super) fn draw(self, canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, number: u8) {
        match self {
            Scene::Hills => hills(canvas, palette, rng, number),
            Scene::Sea => sea(canvas, palette, rng, number),
            Scene::Still => still::draw(canvas, palette, rng, number),
            Scene::Waves => waves(canvas, palette, rng, number),
        }
    }
}

fn sky(canvas: &mut Canvas, palette: &Palette, horizon: f32) {
    let Palette { high, low, light, .. } = *palette;
    canvas.rows(|y| {
        let t = ease(0.0, horizon, y);
        blend(blend(high, low, t), light, 0.25 * t * t)
    });
}

fn stars(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, horizon: f32) {
    let (wide, high) = (canvas.wide(), canvas.high());
    for _ in 0..(90.0 * wide * high) as u32 {
        let y = rng.unit() * horizon;
        let middle = (rng.unit() * wide, y * high);
        let size = rng.between(0.0012, 0.0032);
        canvas.disc(middle, size, palette.light, rng.between(0.25, 0.9) * (1.0 - y / horizon));
    }
}

fn sun(canvas: &mut Canvas, palette: &Palette, middle: (f32, f32), radius: f32) {
    let warm = blend(palette.light, palette.accent, 0.35);
    canvas.glow(middle, radius * 9.0, warm, 0.5);
    canvas.glow(middle, radius * 3.5, palette.light, 0.55);
    canvas.disc(
        middle,
        radius,
        blend(palette.light, palette.accent, if palette.night { 0.0 } else { 0.12 }),
        0.96,
    );
    if palette.night {
        for (x, y, size) in [(0.25, 0.3, 0.38), (-0.4, -0.15, 0.3), (0.3, -0.45, 0.22), (-0.15, 0.55, 0.2)] {
            let crater = (middle.0 + radius * x, middle.1 + radius * y);
            canvas.haze(crater, (radius * size, radius * size * 0.9), palette.low, 0.14);
        }
    }
}

fn clouds(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, from: f32, to: f32, count: u32) {
    let (wide, high) = (canvas.wide(), canvas.high());
    for _ in 0..count {
        let middle = (rng.unit() * wide, rng.between(from, to) * high);
        let length = rng.between(0.18, 0.42);
        let tint = blend(palette.light, palette.low, rng.unit() * 0.5);
        for _ in 0..5 {
            let part = (middle.0 + rng.between(-0.6, 0.6) * length, middle.1 + rng.between(-0.012, 0.012));
            let half = (length * rng.between(0.4, 0.9), rng.between(0.012, 0.034));
            canvas.haze(part, half, tint, rng.between(0.2, 0.5));
        }
    }
}

fn hills(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, number: u8) {
    let (wide, high) = (canvas.wide(), canvas.high());
    let horizon = rng.between(0.42, 0.58);
    sky(canvas, palette, horizon + 0.1);
    if palette.night {
        stars(canvas, palette, rng, horizon);
    }
    let radius = rng.between(0.045, 0.105);
    sun(canvas, palette, (focus(number, rng) * wide, horizon * high * rng.between(0.45, 0.85)), radius);
    clouds(canvas, palette, rng, 0.08, horizon * 0.8, 3);
    let layers = 4 + (rng.next() % 3) as u32;
    // The first two images are of peaks, the others of rolling land.
    let octaves = if number <= 2 { 6 } else { 2 };
    let mist = blend(palette.low, palette.light, 0.3);
    for layer in 0..layers {
        let near = (layer as f32 + 1.0) / layers as f32;
        let base = (horizon + (0.98 - horizon) * (layer as f32 + 0.25) / layers as f32) * high;
        let rise = (0.22 - 0.1 * near) * rng.between(0.8, 1.25);
        let step = rng.between(1.1, 2.0) * (1.0 + 0.25 * near);
        let (seed, shift) = (rng.next() as u32, rng.unit() * 50.0);
        let body = blend(blend(palette.far, mist, 0.35 * (1.0 - near)), palette.near, near * near);
        let rim = blend(body, palette.accent, 0.16 * (1.0 - near) + 0.05);
        let foggy = 0.75 * (1.0 - 0.55 * near);
        canvas.below(
            0.0,
            |x| base - rise * rugged(x * step + shift, seed, octaves),
            |depth| {
                let lit = blend(rim, body, ease(0.0, 0.05, depth));
                (blend(lit, mist, foggy * ease(0.02, 0.34, depth)), 1.0)
            },
        );
        if near > 0.75 {
            trees(canvas, rng, (base, rise, step, shift), (seed, octaves), blend(body, [0.0; 3], 0.12));
        }
    }
}

/// Firs along a ridge; small enough that a few strokes are a tree.
fn trees(canvas: &mut Canvas, rng: &mut Rng, ridge: (f32, f32, f32, f32), noise: (u32, u32), color: Color) {
    let (base, rise, step, shift) = ridge;
    let count = (rng.between(10.0, 26.0) * canvas.wide()) as u32;
    let blur = 1.0 / canvas.unit();
    for _ in 0..count {
        let x = rng.unit() * canvas.wide();
        let grove = smooth(x * 2.5 + shift, noise.0 ^ 7);
        let height = rng.between(0.03, 0.075) * (1.0 + 0.5 * grove);
        if grove < -0.1 {
            continue;
        }
        let foot = base - rise * rugged(x * step + shift, noise.0, noise.1) + 0.008;
        canvas.stamp((x, foot - height / 2.0), (height * 0.25, height / 2.0), |dx, dy| {
            let down = dy / height + 0.5;
            let tiers = 0.55 + 0.45 * (down * 4.0).fract();
            let reach = height * 0.2 * down * tiers + blur * 0.4;
            (color, ((reach - dx.abs()) / blur + 0.5).clamp(0.0, 1.0))
        });
    }
}

fn sea(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, number: u8) {
    let (wide, high) = (canvas.wide(), canvas.high());
    let horizon = rng.between(0.46, 0.62);
    let at = focus(number, rng) * wide;
    sky(canvas, palette, horizon);
    if palette.night {
        stars(canvas, palette, rng, horizon * 0.9);
    }
    let radius = rng.between(0.06, 0.12);
    let lift = [0.04, -0.25, 0.12, -0.6][usize::from(number.wrapping_sub(1) % 4)];
    sun(canvas, palette, (at, horizon * high - radius * (1.0 - lift * 4.0)), radius);
    clouds(canvas, palette, rng, 0.1, horizon - 0.06, 6);
    if number.is_multiple_of(2) {
        let (seed, side) = (rng.next() as u32, if at * 2.0 > wide { 0.0 } else { wide });
        let (rock, mist) = (blend(palette.far, palette.near, 0.25), palette.low);
        canvas.below(
            0.0,
            |x| {
                horizon * high
                    - 0.15 * ease(0.65, 0.0, (x - side).abs()) * (0.8 + 0.5 * rugged(x * 4.0, seed, 5))
            },
            |depth| (blend(rock, mist, 0.5 * ease(0.0, 0.16, depth)), 1.0),
        );
    }
    let (bright, deep) = (blend(palette.low, palette.high, 0.3), blend(palette.high, palette.near, 0.65));
    let line = horizon * high;
    let bottom = (high - line).max(0.01);
    canvas.below(
        0.0,
        |_| line,
        |depth| (blend(bright, deep, ease(0.0, 1.0, (depth / bottom).min(1.0))), 1.0),
    );
    glitter(canvas, palette, rng, (at, line), (radius, bottom));
    for layer in 0..3 {
        let near = (layer + 1) as f32 / 3.0;
        let base = line + bottom * (0.35 + 0.2 * layer as f32);
        let (seed, shift, step) = (rng.next() as u32, rng.unit() * 9.0, rng.between(1.1, 1.8));
        let (crest, body) = (blend(bright, palette.light, 0.5), blend(deep, palette.near, near * 0.6));
        canvas.below(
            0.0,
            |x| base + 0.02 * near * wave(x * step + shift) + 0.018 * near * smooth(x * 3.1 + shift, seed),
            |depth| {
                let foam = ease(0.009 * near, 0.0, depth) * 0.3;
                (blend(body, crest, foam + 0.16 * ease(0.12, 0.0, depth)), 0.32 + 0.2 * near + foam * 0.4)
            },
        );
    }
}

/// The sun's path on the water: short bright strokes, wider apart and longer the nearer they are.
fn glitter(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, at: (f32, f32), size: (f32, f32)) {
    let (radius, bottom) = size;
    for _ in 0..170 {
        let down = rng.unit() * rng.unit();
        let spread = radius * (0.7 + 2.2 * down);
        let offset = (rng.unit() + rng.unit() + rng.unit() - 1.5) * spread;
        let half = (radius * (0.15 + 0.75 * down) * rng.between(0.5, 1.5), 0.0022 + 0.007 * down);
        let middle = (at.0 + offset, at.1 + bottom * down + 0.004);
        canvas.haze(middle, half, palette.light, rng.between(0.35, 0.95) * (1.0 - 0.5 * down));
    }
}

fn waves(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, number: u8) {
    let (wide, high) = (canvas.wide(), canvas.high());
    let Palette { high: top, low, far, near, accent, light, .. } = *palette;
    canvas.rows(|y| blend(blend(low, light, 0.5), low, ease(0.0, 0.5, y)));
    let radius = rng.between(0.1, 0.2);
    let middle = (focus(number, rng) * wide, high * rng.between(0.2, 0.34));
    canvas.glow((middle.0, middle.1 + 0.02), radius * 1.6, blend(far, near, 0.3), 0.35);
    canvas.disc(middle, radius, accent, 1.0);
    let layers = 6 + (rng.next() % 3) as u32;
    // Odd images fall to the right, even ones to the left, some steeply.
    let slope = [0.22, -0.22, 0.05, -0.38][usize::from(number.wrapping_sub(1) % 4)] * high / wide;
    let shadow = blend(near, [0.0; 3], 0.35);
    for layer in 0..layers {
        let t = layer as f32 / (layers - 1) as f32;
        let paper = match t {
            t if t < 0.4 => blend(blend(low, light, 0.25), top, t / 0.4),
            t if t < 0.7 => blend(top, far, (t - 0.4) / 0.3),
            t => blend(far, near, (t - 0.7) / 0.3),
        };
        let paper = if layer == layers / 2 { blend(paper, accent, 0.75) } else { paper };
        let base = high * (0.3 + 0.62 * t);
        let (seed, shift, step) = (rng.next() as u32, rng.unit() * 20.0, rng.between(0.45, 0.85));
        let rise = rng.between(0.05, 0.1);
        let edge = |x: f32| {
            base + slope * (x - wide / 2.0) * (1.0 - 0.5 * t)
                + rise * wave(x * step + shift)
                + rise * 0.8 * smooth(x * step * 1.7 + shift, seed)
        };
        canvas
            .below(0.045, edge, |depth| (shadow, 0.34 * ease(-0.045, 0.01, depth) * ease(0.06, 0.0, depth)));
        canvas.below(0.0, edge, |depth| {
            let lip = ease(0.012, 0.0, depth);
            (blend(blend(paper, light, 0.3 * lip), blend(paper, shadow, 0.16), ease(0.0, 0.4, depth)), 1.0)
        });
    }
}

//! The scene of the shops: something turned on a wheel, on a podium before a wall, with a few balls
//! for company.

use super::canvas::{Canvas, Color, blend, ease};
use super::noise::{Rng, focus};
use super::palette::Palette;

pub(super) fn draw(canvas: &mut Canvas, palette: &Palette, rng: &mut Rng, number: u8) {
    let (wide, high) = (canvas.wide(), canvas.high());
    let at = (0.5 + (focus(number, rng) - 0.55) * 0.35) * wide;
    let (wall, lit) = (blend(palette.low, palette.far, 0.3), blend(palette.low, palette.light, 0.5));
    canvas.rows(|y| blend(wall, lit, ease(0.0, 0.9, y)));
    canvas.glow((at - 0.2, high * 0.35), 1.1, palette.light, 0.45);
    let floor = high * rng.between(0.7, 0.78);
    // A round opening, an arch or a low sun behind the things.
    let back = blend(palette.high, palette.low, 0.25);
    let size = rng.between(0.27, 0.35);
    if number.is_multiple_of(2) {
        arch(canvas, (at, floor), size, back, lit);
    } else {
        canvas.disc((at + rng.between(-0.08, 0.08), floor - size * rng.between(0.75, 1.1)), size, back, 0.9);
    }
    let (ground, front) = (blend(palette.low, palette.far, 0.42), blend(palette.light, palette.low, 0.55));
    canvas.below(0.0, |_| floor, |depth| (blend(ground, front, ease(0.0, 0.3, depth)), 1.0));
    let shade = blend(palette.near, palette.far, 0.25);
    let top = floor + 0.06 - rng.between(0.1, 0.17);
    let half = rng.between(0.2, 0.27);
    let stone = blend(palette.light, palette.far, 0.22);
    podium(canvas, (at, top), (half, floor + 0.07 - top), stone, shade);
    vessel(canvas, rng, (at, top + half * 0.06), (palette.accent, palette.light, shade), number);
    let mut balls: Vec<_> = (0..2 + rng.next() % 2)
        .map(|_| {
            let radius = rng.between(0.035, 0.085);
            let side = if rng.unit() < 0.5 { -1.0 } else { 1.0 };
            let foot =
                (at + side * (half + radius + rng.between(0.03, 0.16)), floor + rng.between(0.06, 0.14));
            let other = [palette.near, palette.high, palette.far][(rng.next() % 3) as usize];
            (foot, radius, blend(palette.accent, other, 0.7))
        })
        .collect();
    // What is nearer is painted later.
    balls.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    for (foot, radius, color) in balls {
        ball(canvas, (foot.0, foot.1 - radius), radius, color, (palette.light, shade));
    }
}

fn arch(canvas: &mut Canvas, foot: (f32, f32), half: f32, color: Color, lit: Color) {
    let blur = 1.0 / canvas.unit();
    let tall = half * 2.1;
    canvas.stamp((foot.0, foot.1 - tall / 2.0), (half + blur, tall / 2.0 + blur), |dx, dy| {
        let up = dy + tall / 2.0 - half;
        let reach = if up < 0.0 { (dx * dx + up * up).sqrt() } else { dx.abs() };
        let inside = ((half - reach) / blur + 0.5).clamp(0.0, 1.0);
        (blend(color, lit, 0.35 * ease(-half, half, dx + dy)), inside * 0.95)
    });
}

/// Light falls from the upper left on all that is round: 0 in the dark to 1 in the light, over the
/// width of a cylinder.
fn turned_light(across: f32) -> f32 {
    let u = across.clamp(-1.0, 1.0);
    let facing = (-0.55 * u + 0.8 * (1.0 - u * u).sqrt()).clamp(0.0, 1.0);
    0.25 + 0.75 * facing
}

fn podium(canvas: &mut Canvas, top: (f32, f32), size: (f32, f32), color: Color, shade: Color) {
    let (half, tall) = size;
    let (blur, flat) = (1.0 / canvas.unit(), half * 0.16);
    canvas.haze((top.0 + half * 0.35, top.1 + tall), (half * 1.5, flat * 1.7), shade, 0.55);
    canvas.stamp((top.0, top.1 + tall / 2.0), (half + blur, tall / 2.0 + flat + blur), |dx, dy| {
        let bulge = flat * (1.0 - (dx / half).powi(2).min(1.0)).sqrt();
        let inside = ((half - dx.abs()) / blur + 0.5).clamp(0.0, 1.0);
        let under = ((tall / 2.0 + bulge - dy) / blur + 0.5).clamp(0.0, 1.0);
        let over = ((dy + tall / 2.0) / blur + 0.5).clamp(0.0, 1.0);
        (blend(shade, color, turned_light(dx / half)), inside * under * over)
    });
    canvas.stamp(top, (half + blur, flat + blur), |dx, dy| {
        let out = ((dx / half).powi(2) + (dy / flat).powi(2)).sqrt();
        let inside = ((1.0 - out) * flat / blur + 0.5).clamp(0.0, 1.0);
        (blend(color, [1.0; 3], 0.45 - 0.25 * ease(-half, half, dx)), inside)
    });
}

/// Something turned on a wheel: a bottle, a vase, a bowl or a jar, as the image's number has it.
fn vessel(canvas: &mut Canvas, rng: &mut Rng, foot: (f32, f32), colors: (Color, Color, Color), number: u8) {
    let (color, light, shade) = colors;
    let profile: &[(f32, f32)] = match number % 4 {
        1 => &[
            (0.0, 0.62),
            (0.06, 0.7),
            (0.5, 0.7),
            (0.64, 0.52),
            (0.72, 0.24),
            (0.94, 0.22),
            (0.95, 0.28),
            (1.0, 0.28),
        ],
        2 => &[(0.0, 0.4), (0.1, 0.6), (0.35, 0.95), (0.6, 0.72), (0.8, 0.34), (0.92, 0.36), (1.0, 0.5)],
        3 => &[(0.0, 0.7), (0.05, 0.8), (0.7, 0.8), (0.72, 0.84), (0.96, 0.84), (1.0, 0.78)],
        _ => &[(0.0, 0.45), (0.08, 0.42), (0.2, 0.7), (0.45, 0.98), (0.7, 1.1), (1.0, 1.15)],
    };
    let tall = if number.is_multiple_of(4) { rng.between(0.16, 0.2) } else { rng.between(0.27, 0.36) };
    let broad = rng.between(0.115, 0.14);
    let girth = |up: f32| along(profile, up) * broad;
    let (blur, flat) = (1.0 / canvas.unit(), 0.13);
    canvas.haze((foot.0 + broad * 0.25, foot.1), (broad * 1.3, broad * 0.3), shade, 0.6);
    let band = (rng.between(0.2, 0.32), rng.between(0.36, 0.5));
    canvas.stamp((foot.0, foot.1 - tall / 2.0), (broad * 1.3, tall / 2.0 + broad * flat * 2.0), |dx, dy| {
        // The rounding of the base and of every ring seen a little from above.
        let drop = |half: f32| half * flat * (1.0 - (dx / half).powi(2).min(1.0)).sqrt();
        let up = 0.5 - (dy - drop(girth(0.5 - dy / tall))) / tall;
        if !(-0.01..=1.0).contains(&up) {
            return (color, 0.0);
        }
        let half = girth(up);
        let lit = turned_light(dx / half);
        let label = ease(band.0 - 0.006, band.0, up) * ease(band.1 + 0.006, band.1, up);
        let body = blend(color, light, label * 0.75);
        let gleam = ease(0.16, 0.0, (dx / half + 0.45).abs()) * 0.4;
        let skin = blend(blend(blend(shade, body, 0.35), body, lit), light, gleam);
        let foot_fade = ((up * tall) / blur + 0.5).clamp(0.0, 1.0);
        (skin, ((half - dx.abs()) / blur + 0.5).clamp(0.0, 1.0) * foot_fade)
    });
    let mouth = girth(1.0);
    canvas.stamp((foot.0, foot.1 - tall), (mouth + blur, mouth * flat * 1.4 + blur), |dx, dy| {
        let out = ((dx / mouth).powi(2) + (dy / (mouth * flat * 1.3)).powi(2)).sqrt();
        let inside = ((1.0 - out) * mouth * flat / blur + 0.5).clamp(0.0, 1.0);
        let rim = ease(0.75, 0.85, out);
        (blend(blend(color, shade, 0.75), blend(color, light, 0.4), rim), inside)
    });
}

/// A smooth curve through points, by their first number.
fn along(points: &[(f32, f32)], at: f32) -> f32 {
    let last = points.len() - 1;
    let after = points.iter().position(|point| point.0 > at).unwrap_or(last).max(1);
    let [before, from, to, beyond] =
        [after.saturating_sub(2), after - 1, after, (after + 1).min(last)].map(|i| points[i]);
    let span = to.0 - from.0;
    let slope = |a: (f32, f32), b: (f32, f32)| (b.1 - a.1) / (b.0 - a.0) * span;
    let (leave, arrive) = (slope(before, to), slope(from, beyond));
    let t = ((at - from.0) / span).clamp(0.0, 1.0);
    let (t2, t3) = (t * t, t * t * t);
    from.1 * (2.0 * t3 - 3.0 * t2 + 1.0)
        + leave * (t3 - 2.0 * t2 + t)
        + to.1 * (3.0 * t2 - 2.0 * t3)
        + arrive * (t3 - t2)
}

fn ball(canvas: &mut Canvas, middle: (f32, f32), radius: f32, color: Color, lights: (Color, Color)) {
    let (light, shade) = lights;
    let blur = 1.0 / canvas.unit();
    canvas.haze((middle.0 + radius * 0.5, middle.1 + radius), (radius * 1.7, radius * 0.4), shade, 0.6);
    canvas.stamp(middle, (radius + blur, radius + blur), |dx, dy| {
        let (u, v) = (dx / radius, dy / radius);
        let out = (u * u + v * v).sqrt();
        let facing = (-0.5 * u - 0.6 * v + 0.62 * (1.0 - out * out).max(0.0).sqrt()).clamp(0.0, 1.0);
        let body = blend(blend(shade, color, 0.45), color, facing);
        let spot = ease(0.35, 0.0, ((u + 0.38).powi(2) + (v + 0.45).powi(2)).sqrt());
        let inside = ((1.0 - out) * radius / blur + 0.5).clamp(0.0, 1.0);
        (blend(blend(body, light, 0.3 * facing * facing), light, 0.6 * spot), inside)
    });
}

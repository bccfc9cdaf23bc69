//! A sheet of floating-point color and the few strokes that the scenes are made of, all of them
//! anti-aliased.
//!
//! Lengths are in units of the shorter side and positions in shares of width and height, so that a
//! image at half the size is the same image.

/// Red, green, blue, each 0 to 1 in sRGB.
pub(super) type Color = [f32; 3];

/// `a` at 0, `b` at 1.
pub(super) fn blend(a: Color, b: Color, t: f32) -> Color {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

/// From 0 at `low` to 1 at `high`, without corners.
pub(super) fn ease(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(super) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Color>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Canvas { width, height, pixels: vec![[0.0; 3]; width * height] }
    }

    /// Pixels of one unit of length: the shorter side.
    pub(super) fn unit(&self) -> f32 {
        self.width.min(self.height) as f32
    }

    /// Width in units.
    pub(super) fn wide(&self) -> f32 {
        self.width as f32 / self.unit()
    }

    /// Height in units.
    pub(super) fn high(&self) -> f32 {
        self.height as f32 / self.unit()
    }

    /// Paints all; `color` is asked once a row, with its height from 0 at the top to 1.
    pub(super) fn rows(&mut self, color: impl Fn(f32) -> Color) {
        let height = self.height as f32;
        for (y, row) in self.pixels.chunks_exact_mut(self.width).enumerate() {
            row.fill(color((y as f32 + 0.5) / height));
        }
    }

    /// Paints below a line. `edge` gives the line's height in units from the top at a place in
    /// units from the left; `ink` gives color and cover at a depth in units below the line.
    /// Negative depths, down to `-above`, lie over it.
    pub(super) fn below(&mut self, above: f32, edge: impl Fn(f32) -> f32, ink: impl Fn(f32) -> (Color, f32)) {
        const STEPS: usize = 512;
        let unit = self.unit();
        let edges: Vec<f32> = (0..self.width).map(|x| edge((x as f32 + 0.5) / unit)).collect();
        // The ink changes with depth alone, so it is mixed once a step and not once a pixel.
        let deepest = self.high() + above + 1.0;
        let wells: Vec<(Color, f32)> =
            (0..=STEPS).map(|i| ink(i as f32 / STEPS as f32 * deepest - above)).collect();
        let top = edges.iter().copied().fold(f32::INFINITY, f32::min) - above;
        let first = ((top * unit).floor().max(0.0) as usize).min(self.height);
        for (y, row) in self.pixels.chunks_exact_mut(self.width).enumerate().skip(first) {
            let at = (y as f32 + 0.5) / unit;
            for (pixel, edge) in row.iter_mut().zip(&edges) {
                let depth = at - edge;
                let sharp = if above > 0.0 { 1.0 } else { (depth * unit + 0.5).clamp(0.0, 1.0) };
                if depth < -above || sharp == 0.0 {
                    continue;
                }
                let place = ((depth + above).max(0.0) / deepest * STEPS as f32).min(STEPS as f32 - 0.001);
                let (a, b) = (&wells[place as usize], &wells[place as usize + 1]);
                let t = place.fract();
                *pixel = blend(*pixel, blend(a.0, b.0, t), (a.1 + (b.1 - a.1) * t) * sharp);
            }
        }
    }

    /// Calls `ink` for each pixel of a box with its offset from the middle in units; it gives color
    /// and cover. Middle and half sizes are in units.
    pub(super) fn stamp(
        &mut self,
        middle: (f32, f32),
        half: (f32, f32),
        ink: impl Fn(f32, f32) -> (Color, f32),
    ) {
        let unit = self.unit();
        let span = |middle: f32, half: f32, most: usize| {
            let from = ((middle - half) * unit).floor().clamp(0.0, most as f32) as usize;
            let to = ((middle + half) * unit).ceil().clamp(0.0, most as f32) as usize;
            from..to
        };
        let across = span(middle.0, half.0, self.width);
        for y in span(middle.1, half.1, self.height) {
            let dy = (y as f32 + 0.5) / unit - middle.1;
            for x in across.clone() {
                let dx = (x as f32 + 0.5) / unit - middle.0;
                let (color, cover) = ink(dx, dy);
                if cover > 0.0 {
                    let pixel = &mut self.pixels[y * self.width + x];
                    *pixel = blend(*pixel, color, cover.min(1.0));
                }
            }
        }
    }

    /// A round patch of light that fades to nothing at `radius`.
    pub(super) fn glow(&mut self, middle: (f32, f32), radius: f32, color: Color, strength: f32) {
        self.stamp(middle, (radius, radius), |dx, dy| {
            let t = 1.0 - ((dx * dx + dy * dy) / (radius * radius)).min(1.0);
            (color, t * t * t * strength)
        });
    }

    /// A flat shadow, or a cloud: an ellipse that fades to nothing at its rim.
    pub(super) fn haze(&mut self, middle: (f32, f32), half: (f32, f32), color: Color, strength: f32) {
        self.stamp(middle, half, |dx, dy| {
            let (u, v) = (dx / half.0, dy / half.1);
            let t = 1.0 - (u * u + v * v).min(1.0);
            (color, t * t * strength)
        });
    }

    /// A disc with a crisp rim.
    pub(super) fn disc(&mut self, middle: (f32, f32), radius: f32, color: Color, cover: f32) {
        let unit = self.unit();
        let reach = radius + 1.0 / unit;
        self.stamp(middle, (reach, reach), |dx, dy| {
            let inside = ((radius - (dx * dx + dy * dy).sqrt()) * unit + 0.5).clamp(0.0, 1.0);
            (color, inside * cover)
        });
    }

    /// The finished pixels, three bytes each. Without grain: it would hide steps that nobody sees
    /// and triple the file.
    pub(super) fn pixels(&self) -> Vec<u8> {
        self.pixels.iter().flatten().map(|part| (part * 255.0 + 0.5).clamp(0.0, 255.0) as u8).collect()
    }
}

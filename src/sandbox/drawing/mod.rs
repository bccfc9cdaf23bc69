//! Draws images from a prompt: the same prompt gives the same four, byte for byte, on every machine
//! and forever.
//!
//! A prompt becomes an [`Appearance`] (a seed, a kind of scene, a palette) and an [`Aspect`]. Both
//! fit into a taskId, so an image can be drawn again without the prompt. Some words of the prompt
//! decide: a mug stands on a podium, the sea is a sea, and green is green. Everything else comes
//! from a hash.

mod canvas;
mod noise;
mod palette;
mod scene;
mod still;

use canvas::Canvas;
use noise::Rng;
use palette::Palette;
use scene::Scene;

/// Images a job gives.
pub(super) const SINGLES: u8 = 4;

/// The look of a prompt: enough to draw its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appearance {
    /// Hash of the prompt.
    pub(super) seed: u32,
    /// ImageName kind of scene; any value is one.
    pub(super) scene: u8,
    /// ImageName palette; any value is one.
    pub(super) palette: u8,
}

impl Appearance {
    pub(super) fn of_prompt(prompt: &str) -> Self {
        let hash = blake3::hash(prompt.trim().as_bytes());
        let [a, b, c, d, scene, palette, ..] = *hash.as_bytes();
        // Flags are not part of what is seen: `--no text` must not bring a text, nor `--style raw`
        // a style.
        let seen = prompt.split(" --").next().unwrap_or_default().to_lowercase();
        let words: Vec<&str> = seen.split(|c: char| !c.is_alphabetic()).collect();
        Appearance {
            seed: u32::from_le_bytes([a, b, c, d]),
            scene: Scene::of_words(&words).map_or(scene % Scene::ALL.len() as u8, |scene| scene as u8),
            palette: Palette::of_words(&words).unwrap_or(palette % Palette::COUNT),
        }
    }
}

/// Width to height, in small whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aspect {
    pub(super) width: u8,
    pub(super) height: u8,
}

impl Aspect {
    pub(super) const SQUARE: Aspect = Aspect { width: 1, height: 1 };

    /// The aspect of the last `--ar` or `--aspect` of a prompt; square where there is none that
    /// makes sense.
    pub(super) fn of_prompt(prompt: &str) -> Self {
        let mut words = prompt.split_whitespace();
        let mut aspect = Aspect::SQUARE;
        while let Some(word) = words.next() {
            if matches!(word, "--ar" | "--aspect") {
                let value = words.clone().next().unwrap_or_default();
                aspect = Self::of_ratio(value).unwrap_or(aspect);
            }
        }
        aspect
    }

    /// No image is more than eight times as wide as high, or as high as wide.
    fn of_ratio(text: &str) -> Option<Self> {
        let (width, height) = text.split_once(':')?;
        let (width, height): (u32, u32) = (width.parse().ok()?, height.parse().ok()?);
        if width == 0 || height == 0 {
            return None;
        }
        let (width, height) = (width.min(height.saturating_mul(8)), height.min(width.saturating_mul(8)));
        let shared = gcd(width, height);
        let (width, height) = (width / shared, height / shared);
        // 1920:1081 does not fit into two bytes as it is; the nearest that does is as good to the
        // eye.
        let most = width.max(height);
        let fit = |n: u32| {
            if most <= 255 {
                n
            } else {
                ((u64::from(n) * 255 + u64::from(most) / 2) / u64::from(most)) as u32
            }
        };
        Some(Aspect { width: fit(width).max(1) as u8, height: fit(height).max(1) as u8 })
    }

    /// Width and height in pixels, where the longer one is `side`.
    pub(super) fn size(self, side: u32) -> (u32, u32) {
        let (width, height) = (u32::from(self.width.max(1)), u32::from(self.height.max(1)));
        let most = width.max(height);
        let scale = |n: u32| ((side * n + most / 2) / most).max(1);
        (scale(width), scale(height))
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// One of the images as a PNG file, `side` pixels on its longer side. `number` counts from 1.
pub(super) fn single(look: Appearance, aspect: Aspect, number: u8, side: u32) -> Vec<u8> {
    let (width, height) = aspect.size(side);
    encode(&draw(look, number, width, height).pixels(), width, height)
}

/// The four in one, two by two at half size.
pub(super) fn grid(look: Appearance, aspect: Aspect, side: u32) -> Vec<u8> {
    let (width, height) = aspect.size(side / 2);
    let row = width as usize * 3;
    let mut whole = vec![0; row * height as usize * 4];
    for number in 1..=SINGLES {
        let part = draw(look, number, width, height).pixels();
        let (right, below) = (usize::from((number - 1) % 2), usize::from((number - 1) / 2));
        for (y, line) in part.chunks_exact(row).enumerate() {
            let start = ((y + below * height as usize) * 2 + right) * row;
            whole[start..start + row].copy_from_slice(line);
        }
    }
    encode(&whole, width * 2, height * 2)
}

fn draw(look: Appearance, number: u8, width: u32, height: u32) -> Canvas {
    let mut canvas = Canvas::new(width, height);
    let palette = Palette::numbered(look.palette, look.seed, number);
    let mut rng = Rng::new(u64::from(look.seed) << 8 | u64::from(number));
    Scene::numbered(look.scene).draw(&mut canvas, &palette, &mut rng, number);
    canvas
}

/// Writing to memory cannot fail; were it to, the image would be empty and no worse.
fn encode(pixels: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::with_capacity(pixels.len() / 4);
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Paeth);
    if let Ok(mut writer) = encoder.write_header() {
        let _ = writer.write_image_data(pixels);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prompt: &str, number: u8) -> Vec<u8> {
        single(Appearance::of_prompt(prompt), Aspect::of_prompt(prompt), number, 48)
    }

    fn size_of(file: &[u8]) -> (u32, u32) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        reader.info().size()
    }

    #[test]
    fn the_same_prompt_gives_the_same_four_and_they_differ() {
        for prompt in
            ["a mug on a table", "mountains at dawn", "the sea", "abstract waves", "zebra", "joy --ar 2:3"]
        {
            let four: Vec<_> = (1..=4).map(|n| of(prompt, n)).collect();
            for (n, file) in (1..=4).zip(&four) {
                assert_eq!(*file, of(prompt, n));
                assert_eq!(four.iter().filter(|other| *other == file).count(), 1, "{prompt} {n}");
            }
            assert_ne!(four[0], of(&format!("{prompt} again"), 1));
        }
    }

    #[test]
    fn images_do_not_change_from_one_version_or_machine_to_the_next() {
        let mut hasher = blake3::Hasher::new();
        for scene in 0..Scene::ALL.len() as u8 {
            hasher.update(
                &draw(Appearance { seed: 20_260_801, scene, palette: scene * 5 }, 1 + scene, 40, 30).pixels(),
            );
        }
        insta::assert_snapshot!(&hasher.finalize().to_hex()[..16], @"0e6a2f3488ddd67e");
    }

    #[test]
    fn every_scene_in_every_palette_is_a_png_of_its_aspect_and_not_one_flat_colour() {
        for scene in 0..=Scene::ALL.len() as u8 {
            for palette in 0..Palette::COUNT {
                let look = Appearance { seed: u32::from(palette) * 77, scene, palette };
                let aspect = Aspect { width: 3, height: 2 };
                assert_eq!(size_of(&single(look, aspect, 1 + palette % 4, 30)), (30, 20));
                let mut colors = draw(look, 1, 30, 20).pixels();
                colors.dedup();
                assert!(colors.len() > 100, "{look:?}");
            }
        }
        assert_eq!(
            size_of(&grid(Appearance { seed: 1, scene: 0, palette: 0 }, Aspect { width: 2, height: 3 }, 60)),
            (40, 60)
        );
    }

    #[test]
    fn the_aspect_is_the_one_of_the_last_flag_and_bounded() {
        let pixels = |prompt: &str| Aspect::of_prompt(prompt).size(768);
        for (prompt, size) in [
            ("a mug", (768, 768)),
            ("a mug --ar 16:9", (768, 432)),
            ("a mug --aspect 9:16 --v 7", (432, 768)),
            ("a mug --ar 1:2 --ar 4:5", (614, 768)),
            ("a mug --ar 1920:1080", (768, 432)),
            ("a mug --ar 1921:1081", (768, 431)),
            ("a mug --ar 100:1", (768, 96)),
            ("a mug --ar 1:4294967295", (96, 768)),
            ("a mug --ar 0:1", (768, 768)),
            ("a mug --ar wide", (768, 768)),
            ("a mug --ar", (768, 768)),
        ] {
            assert_eq!(pixels(prompt), size, "{prompt}");
        }
    }

    #[test]
    fn words_lead_and_flags_do_not() {
        let look = |prompt| Appearance::of_prompt(prompt);
        assert_eq!(look("A ceramic mug").scene, Scene::Still as u8);
        assert_eq!(look("waves at the SEA").scene, Scene::Sea as u8);
        assert_eq!(look("misty mountains").scene, Scene::Hills as u8);
        let (with, without) = (look("joy --no sea"), look("joy"));
        assert_eq!(
            with.scene == Scene::Sea as u8,
            with.scene == without.scene && without.scene == Scene::Sea as u8
        );
        assert_eq!(look("a green leaf").palette, look("something green").palette);
        assert_ne!(look("a green leaf").palette, look("a red leaf").palette);
    }
}

//! Palettes that go together, chosen by hand, each a little turned by the prompt's hash so that no
//! two prompts match.

use super::canvas::{Color, blend};
use super::noise::Rng;

/// The colors of one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Palette {
    /// Top of the sky, or of the wall.
    pub(super) high: Color,
    /// Horizon, or the light on the wall.
    pub(super) low: Color,
    /// The color of what is far away.
    pub(super) far: Color,
    /// The color of what is near.
    pub(super) near: Color,
    /// The color that is meant to be noticed.
    pub(super) accent: Color,
    /// The sun, the moon, highlights.
    pub(super) light: Color,
    /// True where stars would be seen.
    pub(super) night: bool,
}

/// high, low, far, near, accent, light
const HAND_PICKED: [[u32; 6]; 16] = [
    [0x3d5a80, 0xf6c89f, 0x98a9c4, 0x293241, 0xee6c4d, 0xfff3e0], // dawn
    [0xf7b267, 0xfde8c9, 0xe8998d, 0x6b2d5c, 0xf25c54, 0xfffaf0], // apricot
    [0x7fb7be, 0xe8f1f2, 0x8fb8a8, 0x1f4e4a, 0xe9b44c, 0xffffff], // lagoon
    [0xa3c4bc, 0xf3f0e0, 0x8aa899, 0x2f4538, 0xd98e73, 0xfffdf5], // sage
    [0x10123c, 0x5b4b8a, 0x4a4380, 0x0d0b26, 0xf2a7c3, 0xfdf6e3], // night
    [0xf4a6b8, 0xfde2e4, 0xd99ab5, 0x6d3b63, 0xf28482, 0xffffff], // rose
    [0xe36414, 0xfcd29f, 0xc8553d, 0x3c1518, 0x9a031e, 0xfff4d6], // ember
    [0x4a90c2, 0xd7ecf7, 0x7fb2d4, 0x123a5a, 0xffb84c, 0xffffff], // blue
    [0xe9e4dc, 0xfaf7f2, 0xcfc4b4, 0x7d6b58, 0xc48a5a, 0xffffff], // linen
    [0xcdb4db, 0xfde7f0, 0xa2a8d3, 0x4a4e7c, 0xffafcc, 0xffffff], // lilac
    [0x5fa777, 0xe6f3d8, 0x84bd8b, 0x1d4430, 0xf4d35e, 0xfffff0], // meadow
    [0xb23a48, 0xfcd5c5, 0xc9636a, 0x461220, 0xfcb9b2, 0xfff5ee], // red
    [0xf2c14e, 0xfdf3d0, 0xe0a458, 0x6b4423, 0xd1603d, 0xfffff5], // gold
    [0x2a3d45, 0x9fb4b8, 0x5f7a80, 0x131f24, 0x7ae7c7, 0xf2fbfa], // slate
    [0x8ecae6, 0xf1f7fa, 0xbdd7e4, 0x466a80, 0x219ebc, 0xffffff], // ice
    [0x35155d, 0xe26d9f, 0x7b3f98, 0x1a0933, 0xffb26b, 0xfff0db], // dusk
];

/// The words that ask for a palette, by its number.
const WORDS: [(u8, &[&str]); 14] = [
    (0, &["dawn", "sunrise", "morning", "sunset"]),
    (1, &["apricot", "peach", "summer", "coral"]),
    (2, &["turquoise", "teal", "lagoon", "tropical", "aqua"]),
    (3, &["sage", "olive", "natural", "botanical"]),
    (4, &["night", "midnight", "dark", "stars", "moon", "space"]),
    (5, &["pink", "rose", "blush", "valentine"]),
    (6, &["orange", "autumn", "fall", "desert", "rust"]),
    (7, &["blue", "navy", "denim"]),
    (8, &["white", "linen", "beige", "minimal", "minimalist", "cream", "wooden", "ceramic"]),
    (9, &["purple", "lilac", "lavender", "violet", "pastel"]),
    (10, &["green", "spring", "forest", "meadow", "garden"]),
    (11, &["red", "crimson", "cherry", "burgundy"]),
    (12, &["yellow", "gold", "golden", "honey", "lemon"]),
    (14, &["winter", "snow", "ice", "frost", "christmas"]),
];

impl Palette {
    pub(super) const COUNT: u8 = HAND_PICKED.len() as u8;

    /// The palette that the first known word asks for.
    pub(super) fn of_words(words: &[&str]) -> Option<u8> {
        words
            .iter()
            .find_map(|word| WORDS.iter().find(|(_, list)| list.contains(word)).map(|(number, _)| *number))
    }

    /// The palette of this number, for one image of a prompt: the prompt turns it a little, each
    /// image a little less.
    pub(super) fn numbered(number: u8, seed: u32, image: u8) -> Self {
        let picked = HAND_PICKED[usize::from(number % Self::COUNT)];
        let mut rng = Rng::new(u64::from(seed));
        let mut own = Rng::new(u64::from(seed) << 3 | u64::from(image));
        let turn = rng.between(-0.09, 0.09) + own.between(-0.035, 0.035);
        let lift = own.between(-0.04, 0.05);
        let [high, low, far, near, accent, light] = picked.map(|hex| lifted(turned(of_hex(hex), turn), lift));
        Palette { high, low, far, near, accent, light, night: matches!(number % Self::COUNT, 4 | 13 | 15) }
    }
}

fn of_hex(hex: u32) -> Color {
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xff) as f32 / 255.0)
}

/// Turned round the gray axis, by the angle's share of a third of the circle.
fn turned(color: Color, share: f32) -> Color {
    let next = [color[2], color[0], color[1]];
    let last = [color[1], color[2], color[0]];
    if share < 0.0 { blend(color, last, -share) } else { blend(color, next, share) }
}

fn lifted(color: Color, lift: f32) -> Color {
    let to = if lift < 0.0 { [0.0; 3] } else { [1.0; 3] };
    blend(color, to, lift.abs())
}

//! The terminal under the bar, with its cursor kept where a key that is pressed does no harm.
//!
//! indicatif leaves the cursor behind the last column of the bar. What the terminal echoes there, the `^C` of Ctrl-C, wraps
//! to a line that indicatif knows nothing of, and a torn piece of the bar stays on the screen for good.

use std::io;

use indicatif::TermLike;

/// A terminal that is left, after each drawing, at the start of the line it is on.
#[derive(Debug)]
pub(super) struct Screen<T>(pub(super) T);

impl<T: TermLike> TermLike for Screen<T> {
    fn width(&self) -> u16 {
        self.0.width()
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.0.write_line(s)
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.0.write_str(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.write_str("\r")?;
        self.0.flush()
    }
}

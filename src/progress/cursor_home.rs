//! A terminal whose cursor returns to the start of the line after each drawing, so that echoed keys
//! do not break the bar.
//!
//! indicatif leaves the cursor after the last column of the bar. Text that the terminal echoes
//! there (the `^C` of Ctrl-C) wraps to a line that indicatif does not know of, and a piece of the
//! bar then stays on the screen.

use std::io;

use indicatif::TermLike;

/// A terminal whose cursor is at the start of its line after each drawing.
#[derive(Debug)]
pub(super) struct CursorHome<T>(pub(super) T);

impl<T: TermLike> TermLike for CursorHome<T> {
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

//! The outbox of development: a folder with one file for each message that would have been
//! mailed or texted.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plane::{Channel, Deliver, Letter};

/// Writes letters to files.
pub(crate) struct LetterBox {
    folder: PathBuf,
}

impl LetterBox {
    /// A box in this folder, which is made if it is not there.
    pub(crate) fn open(folder: &Path) -> io::Result<LetterBox> {
        std::fs::create_dir_all(folder)?;
        Ok(LetterBox {
            folder: folder.to_owned(),
        })
    }
}

impl Deliver for LetterBox {
    /// Whoever watches the folder sees whole letters only.
    fn deliver(&self, letter: &Letter) -> io::Result<()> {
        let whole = self.folder.join(format!("{}.txt", letter.id));
        let under_way = self.folder.join(format!(".{}.new", letter.id));
        let mut file = std::fs::File::create(&under_way)?;
        file.write_all(text(letter).as_bytes())?;
        drop(file);
        std::fs::rename(under_way, whole)
    }
}

/// Head lines as a mail has them, an empty line, and what it says.
fn text(letter: &Letter) -> String {
    let via = match letter.channel {
        Channel::Email => "email",
        Channel::Sms => "sms",
    };
    let mut text = format!(
        "Date: {}\nVia: {via}\nAccount: {}\nTo: {}\n",
        letter.posted,
        letter.account,
        one_line(&letter.to)
    );
    if let Some(subject) = &letter.subject {
        text.push_str(&format!("Subject: {}\n", one_line(subject)));
    }
    text.push('\n');
    text.push_str(&letter.text);
    text.push('\n');
    text
}

/// What a head line holds cannot begin another one.
fn one_line(text: &str) -> String {
    text.replace(|character: char| character.is_control(), " ")
}

/// Empties the folder.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        std::fs::remove_file(entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws::{SystemEntropy, Timestamp};

    use super::*;

    #[test]
    fn a_letter_becomes_a_file_and_a_clearing_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("outbox");
        let letter_box = LetterBox::open(&folder).unwrap();
        let letter = Letter::new(
            Timestamp::UNIX_EPOCH,
            &SystemEntropy,
            "111122223333",
            Channel::Email,
            "ann@example.com\nTo: eve@example.com",
            "Your code is 123456",
        );
        let letter = letter.about("Your code");
        // A letter may come again after a failure; it is still one file.
        letter_box.deliver(&letter).unwrap();
        letter_box.deliver(&letter).unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        assert_eq!(
            std::fs::read_to_string(files[0].path()).unwrap(),
            "Date: 1970-01-01T00:00:00Z\nVia: email\nAccount: 111122223333\n\
             To: ann@example.com To: eve@example.com\nSubject: Your code\n\n\
             Your code is 123456\n"
        );
        clear(&folder).unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}

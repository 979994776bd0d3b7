//! The record of every call, in CloudTrail's shape, one JSON object a line.
//!
//! A call hands over its line and goes on; a thread of its own writes the lines down. The same
//! thread batches when keys and roles were last used. When it cannot keep up, calls wait:
//! no event is dropped. While calls keep coming the thread gathers them for a moment at a
//! time, so that handing over wakes nobody.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use store::Store;

use crate::event::Event;
use crate::uses::{Use, Uses};

/// How many events may wait to be written before calls wait for them.
const WAITING_MAX: usize = 8_192;

/// How much is gathered before the file is written to.
const BUFFER_BYTES: usize = 64 * 1024;

/// How often lines are flushed and last-used times are written, at the latest.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How long events are let to gather before they are taken, at the longest.
const GATHER: Duration = Duration::from_millis(10);

/// Takes events from calls and gives them to the writing thread.
pub struct Recorder {
    sender: Option<SyncSender<Message>>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Event { line: String, used: Option<Use> },
    Flush(SyncSender<()>),
    ForgetUses(SyncSender<()>),
}

impl Recorder {
    /// Starts the writing thread. Lines are appended to `file` (made with mode 0600);
    /// last-used times go to the store.
    pub fn start(file: &Path, store: Store) -> io::Result<Recorder> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(file)?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || Writer::new(file, store).run(&receiver))?;
        Ok(Recorder {
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// Hands an event over. Waits only when the writer is far behind.
    pub fn record(&self, event: Event) {
        self.send(Message::Event {
            line: event.line(&aws::uuid_v4(&aws::SystemEntropy)),
            used: event.used(),
        });
    }

    /// Waits until everything handed over so far is written.
    pub fn flush(&self) {
        self.wait_for(Message::Flush);
    }

    /// Forgets when keys and roles were last used, as far as it is not written. What was
    /// handed over so far is on record all the same.
    pub fn forget_uses(&self) {
        self.wait_for(Message::ForgetUses);
    }

    fn wait_for(&self, message: impl FnOnce(SyncSender<()>) -> Message) {
        let (done, written) = sync_channel(1);
        self.send(message(done));
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
        // An error says that the writer is gone, and with it all that could be waited for.
        let _ = written.recv();
    }

    fn send(&self, message: Message) {
        if let Some(sender) = &self.sender
            && sender.send(message).is_err()
        {
            tracing::error!("the audit writer is gone: an event is lost");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the audit writer ended badly");
        }
    }
}

/// The writing thread's own.
struct Writer {
    out: io::BufWriter<File>,
    store: Store,
    uses: Uses,
    flushed: Instant,
}

impl Writer {
    fn new(file: File, store: Store) -> Writer {
        Writer {
            out: io::BufWriter::with_capacity(BUFFER_BYTES, file),
            store,
            uses: Uses::default(),
            flushed: Instant::now(),
        }
    }

    fn run(mut self, receiver: &Receiver<Message>) {
        loop {
            match receiver.recv_timeout(FLUSH_EVERY) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => self.flush(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Where one call came others follow: they find nobody to wake.
            loop {
                park_timeout(GATHER);
                if !self.drain(receiver) {
                    break;
                }
            }
        }
        self.flush();
    }

    /// Takes all that waits; whether there was anything.
    fn drain(&mut self, receiver: &Receiver<Message>) -> bool {
        let mut taken = 0usize;
        while let Ok(message) = receiver.try_recv() {
            self.take(message);
            taken += 1;
        }
        taken > 0
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Event { line, used } => self.write(&line, used),
            Message::Flush(done) => {
                self.flush();
                let _ = done.send(());
            }
            Message::ForgetUses(done) => {
                self.uses = Uses::default();
                self.flush();
                let _ = done.send(());
            }
        }
        if self.flushed.elapsed() >= FLUSH_EVERY {
            self.flush();
        }
    }

    fn write(&mut self, line: &str, used: Option<Use>) {
        if let Err(error) = self.out.write_all(line.as_bytes()) {
            tracing::error!(%error, "cannot write to the audit file");
        }
        if let Some(used) = used {
            self.uses.note(&used);
            if self.uses.is_full() {
                self.uses.flush(&self.store);
            }
        }
    }

    fn flush(&mut self) {
        self.flushed = Instant::now();
        if let Err(error) = self.out.flush() {
            tracing::error!(%error, "cannot write to the audit file");
        }
        self.uses.flush(&self.store);
    }
}

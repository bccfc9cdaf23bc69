//! Pictures to files beside a run, or later: what is done is brought, a few at once, and told to the state.
//!
//! Each attempt is a task of its own on the runtime's other threads, so that no submit and no poll waits for a picture or
//! for a disk. What it needs to know it reads from the state when its turn comes; nothing here says anything of a task but
//! where its pictures are.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::api::Client;
use crate::engine::{AttemptKey, Progress, StatusOutcome};
use crate::manifest::PictureName;
use crate::output::downloads::{
    Fault, Fetched, Fetcher, Folder, Kind, LONGEST_NAME, Spot, hash_of, key, safe_part,
};
use crate::store::{BatchStore, Brought, FileRow, PicturesOf, StoreError};
use crate::task::{Images, Task, TaskId};

/// After a request to stop, pictures that are on their way get this long.
const LAST_PICTURES: Duration = Duration::from_secs(30);

/// What is to be brought, and how.
#[derive(Debug)]
pub struct Picturing {
    /// What files are called.
    pub name: PictureName,
    /// Where they go.
    pub folder: Folder,
    /// The state of their batch.
    pub store: BatchStore,
    /// The grid too.
    pub grid: bool,
    /// A `.json` beside each.
    pub sidecar: bool,
    /// What is there is read again and compared with its hash.
    pub verify: bool,
    /// What brings them.
    pub fetcher: Fetcher,
    /// Who is asked for a fresh address where one is gone; nobody without a key.
    pub client: Option<Client>,
    /// How many attempts' pictures are brought at once.
    pub at_once: usize,
}

/// What became of the pictures so far, in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Were there already.
    pub there: u64,
    /// Were brought.
    pub brought: u64,
    /// Could not be brought.
    pub failed: u64,
    /// Had been brought before and were not there any more.
    pub missing: u64,
    /// Were there with other bytes.
    pub changed: u64,
}

/// The pictures of one attempt.
#[derive(Debug, Default)]
pub struct Got {
    /// The attempt, where it has pictures.
    pub attempt: Option<AttemptKey>,
    /// What is to be written to the state.
    pub rows: Vec<FileRow>,
    /// Which could not be brought: the task, the picture's number, and why.
    pub failed: Vec<(TaskId, u32, String)>,
    /// What is worth telling besides.
    pub tally: Tally,
}

/// The pictures that are wanted and those on their way.
#[derive(Debug)]
pub struct Downloads {
    what: Arc<Wanted>,
    queue: VecDeque<AttemptKey>,
    fetching: JoinSet<Result<Got, StoreError>>,
    until: Option<Instant>,
    /// What became of them.
    pub tally: Tally,
    /// The first that could not be brought, and why.
    pub first_failed: Option<(TaskId, u32, String)>,
}

#[derive(Debug)]
struct Wanted {
    picturing: Picturing,
    /// Whose each name is, so that two pictures on their way never share one.
    claimed: Mutex<HashMap<String, (TaskId, u32)>>,
}

impl Downloads {
    /// Nothing is on its way yet.
    pub fn new(picturing: Picturing) -> Downloads {
        Downloads {
            what: Arc::new(Wanted { picturing, claimed: Mutex::default() }),
            queue: VecDeque::new(),
            fetching: JoinSet::new(),
            until: None,
            tally: Tally::default(),
            first_failed: None,
        }
    }

    /// Where the pictures go.
    pub fn folder(&self) -> &Path {
        self.what.picturing.folder.path()
    }

    /// Wants all that the state knows to be done.
    ///
    /// # Errors
    /// Where the state cannot be read.
    pub fn add_all(&mut self) -> Result<(), StoreError> {
        self.queue.extend(self.what.picturing.store.snapshot()?.attempts_with_pictures()?);
        Ok(())
    }

    /// Wants the pictures of an attempt that is done.
    pub fn add(&mut self, attempt: AttemptKey) {
        self.queue.push_back(attempt);
    }

    /// The attempts whose pictures wait for their turn.
    pub fn wanted(&self) -> HashSet<AttemptKey> {
        self.queue.iter().copied().collect()
    }

    /// Whether anything is wanted or on its way.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty() || !self.fetching.is_empty()
    }

    /// Begins no more; what is on its way gets half a minute. The next run brings the others.
    pub fn finish_soon(&mut self) {
        self.queue.clear();
        self.until.get_or_insert_with(|| Instant::now() + LAST_PICTURES);
    }

    /// Leaves what is on its way.
    pub fn leave(&mut self) {
        self.queue.clear();
        self.fetching.abort_all();
    }

    /// What became of the next attempt's pictures. Never comes while there is nothing on its way.
    pub async fn next(&mut self) -> Got {
        loop {
            while self.fetching.len() < self.what.picturing.at_once
                && let Some(attempt) = self.queue.pop_front()
            {
                self.fetching.spawn(bring(Arc::clone(&self.what), attempt));
            }
            let until = self.until;
            let over = async move {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            if self.fetching.is_empty() {
                return std::future::pending().await;
            }
            let ended = tokio::select! {
                ended = self.fetching.join_next() => ended,
                () = over => {
                    self.leave();
                    // Aborted tasks end at once, and nobody waits twice.
                    self.until = None;
                    continue;
                }
            };
            let got = match ended {
                Some(Ok(Ok(got))) => got,
                Some(Ok(Err(why))) => {
                    let failed = vec![(TaskId("?".into()), 0, why.to_string())];
                    Got { failed, tally: Tally { failed: 1, ..Tally::default() }, ..Got::default() }
                }
                // One that was left.
                Some(Err(_)) | None => Got::default(),
            };
            self.tally.add(&got.tally);
            if self.first_failed.is_none() {
                self.first_failed = got.failed.first().cloned();
            }
            return got;
        }
    }
}

impl Tally {
    fn add(&mut self, more: &Tally) {
        self.there += more.there;
        self.brought += more.brought;
        self.failed += more.failed;
        self.missing += more.missing;
        self.changed += more.changed;
    }
}

/// Brings what is not there of an attempt's pictures.
async fn bring(what: Arc<Wanted>, attempt: AttemptKey) -> Result<Got, StoreError> {
    let known = Arc::clone(&what);
    let looked = tokio::task::spawn_blocking(move || {
        let Some(of) = known.picturing.store.snapshot()?.pictures_of(attempt)? else { return Ok(None) };
        let mut got = Got { attempt: Some(attempt), ..Got::default() };
        let lacking = known.lacking(&of, &mut got.tally);
        Ok(Some((of, lacking, got)))
    });
    let Some((of, lacking, mut got)) = looked.await.unwrap_or(Err(StoreError::WriterGone))? else {
        return Ok(Got::default());
    };
    let mut fresh: Option<Option<Images>> = None;
    for n in lacking {
        let (file, tries) = match what.bring_one(&of, n, &mut fresh).await {
            Ok((brought, tries)) => (Ok(brought), tries),
            Err((fault, tries)) => (Err(fault.to_string()), tries),
        };
        match &file {
            Ok(_) => got.tally.brought += 1,
            Err(why) => {
                got.tally.failed += 1;
                got.failed.push((of.task.id.clone(), n, why.clone()));
            }
        }
        got.rows.push(FileRow { attempt, n, file, tries });
    }
    Ok(got)
}

impl Wanted {
    /// The numbers of the pictures that are not there.
    fn lacking(&self, of: &PicturesOf, tally: &mut Tally) -> Vec<u32> {
        let grid = (self.picturing.grid && of.images.grid.is_some()).then_some(0);
        let all = grid.into_iter().chain(1..=u32::try_from(of.images.urls.len()).unwrap_or(u32::MAX));
        let is_lacking = |n: &u32| {
            let row = of.files.iter().find(|row| row.n == *n);
            let Some(Ok(file)) = row.map(|row| &row.file) else { return true };
            let path = self.home().join(&file.path);
            let found = match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_file() => found.len(),
                _ => {
                    tally.missing += 1;
                    return true;
                }
            };
            let same = !self.picturing.verify
                || (found == file.bytes && hash_of(&path).is_ok_and(|(hash, _)| hash == file.hash));
            if same {
                tally.there += 1
            } else {
                tally.changed += 1
            }
            !same
        };
        all.filter(is_lacking).collect()
    }

    /// The folder from which the state's paths count.
    fn home(&self) -> PathBuf {
        self.picturing.store.location().base_dir()
    }

    async fn bring_one(
        &self,
        of: &PicturesOf,
        n: u32,
        fresh: &mut Option<Option<Images>>,
    ) -> Result<(Brought, u32), (Fault, u32)> {
        let url = address(&of.images, n).ok_or((Fault::NoAddress, 0))?;
        let mut path = None;
        let mut spot = |kind: Kind| {
            let (spot, ours) = self.spot(of, n, kind)?;
            path = Some(spot.clone());
            Ok((spot, ours))
        };
        let (fetched, url) = match self.picturing.fetcher.fetch(url, &mut spot).await {
            Ok(fetched) => (fetched, url.to_owned()),
            Err((Fault::Gone(status), tries)) => {
                // Asking is free, and addresses may have an end.
                if fresh.is_none() {
                    *fresh = Some(self.ask_again(of).await);
                }
                let other = fresh.as_ref().and_then(|fresh| address(fresh.as_ref()?, n));
                let other = other.filter(|other| *other != url).ok_or((Fault::Gone(status), tries))?;
                (self.picturing.fetcher.fetch(other, &mut spot).await?, other.to_owned())
            }
            Err(other) => return Err(other),
        };
        let Some(spot) = path else { return Err((Fault::NoAddress, fetched.tries)) };
        if self.picturing.sidecar {
            let text = sidecar(of, n, &fetched, &url);
            spot.write_beside(".json", &text).map_err(|fault| (fault, fetched.tries))?;
        }
        let Fetched { kind, hash, bytes, tries } = fetched;
        let path = self.stored(spot.path());
        Ok((Brought { path, hash, bytes, kind: kind.ending().to_owned() }, tries))
    }

    async fn ask_again(&self, of: &PicturesOf) -> Option<Images> {
        let ids = [of.task_id.clone()];
        let StatusOutcome::Items(items) = self.picturing.client.as_ref()?.status(&ids).await else {
            return None;
        };
        items.into_iter().find(|item| item.task_id == of.task_id).and_then(|item| match item.progress {
            Progress::Done(images) => Some(images),
            _ => None,
        })
    }

    /// Where a picture of this kind goes, and whether a file that is there may be replaced.
    fn spot(&self, of: &PicturesOf, n: u32, kind: Kind) -> Result<(Spot, bool), Fault> {
        let name = safe_name(&self.picturing.name, &of.task, n, kind.ending())?;
        let whose = (of.task.id.clone(), n);
        {
            let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
            if *claimed.entry(key(&name)).or_insert_with(|| whose.clone()) != whose {
                return Err(Fault::Taken(self.picturing.folder.path().join(name.join("/"))));
            }
        }
        let spot = self.picturing.folder.spot(&name)?;
        let path = self.stored(spot.path());
        let now = of.files.iter().filter_map(|row| Some(row.file.as_ref().ok()?.path.as_str()));
        let ours = now.chain(of.earlier.iter().map(String::as_str)).any(|ours| ours == path);
        Ok((spot, ours))
    }

    /// A path as the state has it: from its own folder where the file is in it, so that both may move together.
    fn stored(&self, file: &Path) -> String {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let home = if self.home() == Path::new("") { PathBuf::from(".") } else { self.home() };
        let (file, home) = (absolute(file), absolute(&home));
        match file.strip_prefix(&home) {
            Ok(inside) => {
                let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                parts.join("/")
            }
            Err(_) => file.to_string_lossy().into_owned(),
        }
    }
}

/// The name of a picture, safe on every system.
fn safe_name(name: &PictureName, task: &Task, n: u32, ext: &str) -> Result<Vec<String>, Fault> {
    let parts = name.of(task, n, ext).map_err(|e| Fault::Name(e.to_string()))?;
    let parts: Vec<_> = parts.iter().map(|part| safe_part(part)).collect();
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    if length > LONGEST_NAME {
        return Err(Fault::Name(format!("the file's name is longer than {LONGEST_NAME} bytes")));
    }
    Ok(parts)
}

fn address(images: &Images, n: u32) -> Option<&str> {
    match n {
        0 => images.grid.as_deref(),
        n => images.urls.get(n as usize - 1).map(String::as_str),
    }
}

/// What is known of a picture, for whoever finds the file alone. `trainedAlgorithmicMedia` is IPTC's word for its origin.
fn sidecar(of: &PicturesOf, n: u32, fetched: &Fetched, url: &str) -> String {
    let hash: String = fetched.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let object = json!({
        "id": of.task.id.0,
        "n": n,
        "prompt": of.task.prompt,
        "mode": of.sent_in.as_str(),
        "task_id": of.task_id.0,
        "submitted_at": of.submitted_at.map(|at| at.to_string()),
        "finished_at": of.finished_at.map(|at| at.to_string()),
        "quota_of_task": of.quota.map(|quota| quota.0 as f64 / 1000.0),
        "source": url,
        "blake3": hash,
        "bytes": fetched.bytes,
        "digital_source_type": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    });
    format!("{object:#}\n")
}

/// A name that cannot be: which task's, and why, with the task that has it already.
#[derive(Debug, PartialEq, Eq)]
pub struct BadName {
    /// The task.
    pub id: TaskId,
    /// The other task that would have the name, and the name.
    pub clash: Option<(TaskId, String)>,
    /// Why, where it is no clash.
    pub why: String,
}

/// Finds a task whose pictures cannot be named, or would be named as another's. Looked at are the four pictures that a job
/// gives, and the grid.
///
/// # Errors
/// The first of them.
pub fn check_names(
    name: &PictureName,
    grid: bool,
    tasks: impl Iterator<Item = Task>,
) -> Result<(), Box<BadName>> {
    let mut taken: HashMap<[u8; 16], TaskId> = HashMap::new();
    for task in tasks {
        for n in u32::from(!grid)..=4 {
            let id = || task.id.clone();
            let parts = safe_name(name, &task, n, "png")
                .map_err(|fault| Box::new(BadName { id: id(), clash: None, why: fault.to_string() }))?;
            let mut hash = [0; 16];
            hash.copy_from_slice(&blake3::hash(key(&parts).as_bytes()).as_bytes()[..16]);
            if let Some(other) = taken.insert(hash, id()) {
                let clash = Some((other, parts.join("/")));
                return Err(Box::new(BadName { id: id(), clash, why: String::new() }));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Mode;

    fn check(template: &str, tasks: &[(&str, &str)]) -> Result<(), String> {
        let name = PictureName::parse(template, &["sku".into()]).unwrap();
        let task = |(id, sku): &(&str, &str)| Task {
            vars: vec![(*sku).to_owned()],
            ..Task::new(*id, "a mug", Mode::Fast)
        };
        check_names(&name, false, tasks.iter().map(task)).map_err(|bad| match bad.clash {
            Some((other, name)) => format!("{} and {other}: {name}", bad.id),
            None => format!("{}: {}", bad.id, bad.why),
        })
    }

    #[test]
    fn names_that_would_be_one_file_on_some_system_are_found_before() {
        assert_eq!(check("x", &[("a", ""), ("b", "")]), Ok(()));
        let found = |template, tasks: &[_]| check(template, tasks).unwrap_err();
        assert_eq!(found("x", &[("Mug", ""), ("mug", "")]), "mug and Mug: mug-1.png");
        assert_eq!(
            found("x", &[("caf\u{e9}", ""), ("cafe\u{301}", "")]),
            "cafe\u{301} and caf\u{e9}: caf\u{e9}-1.png"
        );
        assert_eq!(found("x", &[("a/b", ""), ("a-b", "")]), "a-b and a/b: a-b-1.png");
        assert_eq!(found("{{ sku }}-{{ n }}", &[("a", "A"), ("b", "A")]), "b and a: A-1.png");
        assert_eq!(found("{{ sku }}-{{ n }}", &[("a", "A"), ("b", "")]), "b: there is no variable `sku`");
    }
}

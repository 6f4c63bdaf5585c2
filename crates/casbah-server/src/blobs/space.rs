//! How much uploads hold on disk before they are given to a report.
//!
//! Whoever writes claims each piece first, so that many who write at once see what
//! the others take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use casbah_model::ids::{RecordId, TenantId};

use super::BlobError;

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A whole file. Its limit is for itself alone: one whose sender broke off may
    /// still be here when it is sent again.
    Whole,
    /// A block. Its limit is for all blocks of the upload.
    Block {
        /// The bytes of the block that it takes the place of.
        replaces: u64,
    },
}

#[derive(Debug, Default, Clone, Copy)]
struct Held {
    whole: u64,
    blocks: u64,
    /// How many write it now.
    writers: usize,
}

impl Held {
    fn part(&mut self, form: Form) -> &mut u64 {
        match form {
            Form::Whole => &mut self.whole,
            Form::Block { .. } => &mut self.blocks,
        }
    }
}

type Tenants = HashMap<TenantId, HashMap<RecordId, Held>>;

/// What each upload holds.
#[derive(Debug)]
pub(super) struct Space {
    /// What the uploads of one tenant may hold together.
    most: u64,
    held: Mutex<Tenants>,
}

impl Space {
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    /// Counts what was here before this process.
    pub(super) fn found(&self, tenant: TenantId, upload: RecordId, whole: u64, blocks: u64) {
        let held = Held {
            whole,
            blocks,
            writers: 0,
        };
        self.lock().entry(tenant).or_default().insert(upload, held);
    }

    /// Counts an upload no more.
    pub(super) fn forget(&self, tenant: TenantId, upload: RecordId) {
        if let Some(uploads) = self.lock().get_mut(&tenant) {
            uploads.remove(&upload);
        }
    }

    /// Counts only uploads that are here, and those that are being written. Asked while
    /// none can begin or end to be written.
    pub(super) fn keep_only(&self, is_here: impl Fn(TenantId, RecordId) -> bool) {
        for (tenant, uploads) in self.lock().iter_mut() {
            uploads.retain(|upload, held| held.writers > 0 || is_here(*tenant, *upload));
        }
    }

    /// Begins to write; nothing is taken yet.
    pub(super) fn claim(
        self: &Arc<Self>,
        tenant: TenantId,
        upload: RecordId,
        form: Form,
        limit: u64,
    ) -> Claim {
        let mut tenants = self.lock();
        let uploads = tenants.entry(tenant).or_default();
        uploads.entry(upload).or_default().writers += 1;
        Claim {
            space: Arc::clone(self),
            tenant,
            upload,
            form,
            limit,
            taken: 0,
        }
    }

    /// Counts so many bytes of an upload no more.
    pub(super) fn give_back(&self, tenant: TenantId, upload: RecordId, form: Form, bytes: u64) {
        self.change(tenant, upload, |held| {
            let part = held.part(form);
            *part = part.saturating_sub(bytes);
        });
    }

    /// Changes what is counted of an upload, if it is counted.
    fn change(&self, tenant: TenantId, upload: RecordId, change: impl FnOnce(&mut Held)) {
        let mut tenants = self.lock();
        let uploads = tenants.get_mut(&tenant);
        if let Some(held) = uploads.and_then(|uploads| uploads.get_mut(&upload)) {
            change(held);
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self, tenant: TenantId) -> u64 {
        let tenants = self.lock();
        let uploads = tenants.get(&tenant).into_iter().flat_map(HashMap::values);
        uploads.map(|held| held.whole + held.blocks).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Tenants> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one writer has taken; it is given back unless it is kept.
#[derive(Debug)]
pub(super) struct Claim {
    space: Arc<Space>,
    tenant: TenantId,
    upload: RecordId,
    form: Form,
    limit: u64,
    taken: u64,
}

impl Claim {
    /// Takes room for so many bytes more.
    pub(super) fn take(&mut self, bytes: u64) -> Result<(), BlobError> {
        let mut tenants = self.space.lock();
        let uploads = tenants.entry(self.tenant).or_default();
        let all: u64 = uploads.values().map(|held| held.whole + held.blocks).sum();
        let held = uploads.entry(self.upload).or_default();
        let limited = match self.form {
            Form::Whole => self.taken + bytes,
            Form::Block { replaces } => (held.blocks + bytes).saturating_sub(replaces),
        };
        if limited > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        if all.saturating_add(bytes) > self.space.most {
            return Err(BlobError::NoRoom {
                most: self.space.most,
            });
        }
        *held.part(self.form) += bytes;
        self.taken += bytes;
        Ok(())
    }

    /// What was written stays.
    pub(super) fn keep(mut self) {
        self.taken = 0;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.space.change(self.tenant, self.upload, |held| {
            let part = held.part(self.form);
            *part = part.saturating_sub(self.taken);
            held.writers = held.writers.saturating_sub(1);
        });
    }
}

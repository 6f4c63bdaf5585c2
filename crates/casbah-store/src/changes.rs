//! Feeds of changes: who follows them sees each activity that arrives and each alert
//! that is made or changed, once and in one order, however many write.

mod position;

pub use position::{FeedPosition, ParseFeedPositionError};

use casbah_model::activity::ActivityId;
use casbah_model::alert::Alert;
use casbah_model::ids::{KeyId, RecordId, TenantId};
use casbah_model::time::Timestamp;

use crate::database::{Row, Session, params};
use crate::{Store, StoreError, activities, alerts};

/// A feed of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// Activities as they arrive.
    Activities,
    /// Alerts as they are made, grow, are read, closed and opened again.
    Alerts,
}

impl Feed {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Activities, Self::Alerts];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activities => "activities",
            Self::Alerts => "alerts",
        }
    }

    /// The feed of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }

    /// Its number in the tables.
    pub(crate) const fn value(self) -> i64 {
        match self {
            Self::Activities => 1,
            Self::Alerts => 2,
        }
    }

    /// The feed with this number.
    pub(crate) fn from_value(value: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.value() == value)
    }

    /// How many bytes name an object.
    const fn width(self) -> usize {
        match self {
            Self::Activities => 24,
            Self::Alerts => 12,
        }
    }
}

/// What follows a place in a feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Following<T> {
    /// These changes: records as they are now, each with the place behind it.
    Changes {
        /// In the order of the feed.
        records: Vec<(FeedPosition, T)>,
        /// Where to go on.
        next: FeedPosition,
        /// Whether there is more already.
        has_next: bool,
    },
    /// Changes behind the place are kept no more: somebody who followed has missed some.
    Gone,
}

/// A part of a feed.
#[derive(Clone, Copy)]
struct Stretch {
    feed: Feed,
    after: FeedPosition,
    until: Option<FeedPosition>,
    limit: usize,
}

/// Changes that are numbered in one transaction.
const NUMBERED: u32 = 1_000;

/// Changes that are read in one transaction. One may be of many activities.
const READ: u32 = 16;

impl Store {
    /// The end of a feed: whoever follows from here sees what comes from now on.
    pub async fn feed_end(&self, tenant: TenantId, feed: Feed) -> Result<FeedPosition, StoreError> {
        self.number_changes(tenant, feed).await?;
        let state = self
            .read(move |session| FeedState::read(session, tenant, feed))
            .await?;
        Ok(FeedPosition::after(state.given))
    }

    /// The oldest place of a feed that is kept.
    pub async fn feed_start(
        &self,
        tenant: TenantId,
        feed: Feed,
    ) -> Result<FeedPosition, StoreError> {
        let state = self
            .read(move |session| FeedState::read(session, tenant, feed))
            .await?;
        Ok(FeedPosition::after(state.pruned))
    }

    /// Activities that arrived behind a place, as JSON text without line breaks.
    pub async fn activities_arrived(
        &self,
        tenant: TenantId,
        after: FeedPosition,
        limit: usize,
    ) -> Result<Following<Vec<u8>>, StoreError> {
        self.activities_arrived_until(tenant, after, None, limit)
            .await
    }

    /// The same, up to another place if one is given.
    pub async fn activities_arrived_until(
        &self,
        tenant: TenantId,
        after: FeedPosition,
        until: Option<FeedPosition>,
        limit: usize,
    ) -> Result<Following<Vec<u8>>, StoreError> {
        let stretch = Stretch {
            feed: Feed::Activities,
            after,
            until,
            limit,
        };
        self.follow(tenant, stretch, arrived).await
    }

    /// Alerts that changed behind a place, each once.
    pub async fn alerts_changed(
        &self,
        tenant: TenantId,
        after: FeedPosition,
        limit: usize,
    ) -> Result<Following<Alert>, StoreError> {
        self.alerts_changed_until(tenant, after, None, limit).await
    }

    /// The same, up to another place if one is given.
    pub async fn alerts_changed_until(
        &self,
        tenant: TenantId,
        after: FeedPosition,
        until: Option<FeedPosition>,
        limit: usize,
    ) -> Result<Following<Alert>, StoreError> {
        let stretch = Stretch {
            feed: Feed::Alerts,
            after,
            until,
            limit,
        };
        let following = self.follow(tenant, stretch, changed);
        let mut following = following.await?;
        if let Following::Changes { records, .. } = &mut following {
            // A record is what it is now, so an earlier change of it tells nothing more.
            let mut seen = std::collections::HashSet::new();
            records.reverse();
            records.retain(|(_, alert)| seen.insert(alert.id));
            records.reverse();
        }
        Ok(following)
    }

    async fn follow<T: Send + 'static>(
        &self,
        tenant: TenantId,
        stretch: Stretch,
        fetch: Fetch<T>,
    ) -> Result<Following<T>, StoreError> {
        let Stretch {
            feed,
            after,
            until,
            limit,
        } = stretch;
        self.number_changes(tenant, feed).await?;
        self.read(move |session| {
            let state = FeedState::read(session, tenant, feed)?;
            if after.change <= state.pruned {
                return Ok(Following::Gone);
            }
            let changes = session.rows(
                "SELECT sequence, objects FROM change
                 WHERE tenant_id = ?1 AND feed = ?2 AND sequence >= ?3
                 ORDER BY sequence LIMIT ?4",
                params![tenant, feed.value(), after.change, READ],
            )?;
            let mut next = after;
            let (mut places, mut ids) = (Vec::new(), Vec::new());
            'full: for mut row in changes {
                let change: i64 = row.get(0)?;
                let objects: Vec<u8> = row.get(1)?;
                let skipped = if change == after.change {
                    after.object
                } else {
                    0
                };
                let objects = objects.chunks_exact(feed.width()).enumerate();
                for (object, id) in objects.skip(skipped) {
                    let is_end = until.is_some_and(|until| next >= until);
                    if is_end || ids.len() == limit {
                        break 'full;
                    }
                    next = FeedPosition {
                        change,
                        object: object + 1,
                    };
                    places.push(next);
                    ids.push(id.to_vec());
                }
                next = FeedPosition::after(change);
            }
            let records = fetch(session, tenant, &ids)?.into_iter();
            let records = records.map(|(index, record)| (places[index], record));
            Ok(Following::Changes {
                records: records.collect(),
                next,
                has_next: next.change <= state.given,
            })
        })
        .await
    }

    /// Gives numbers to the changes of a feed that have none.
    async fn number_changes(&self, tenant: TenantId, feed: Feed) -> Result<(), StoreError> {
        loop {
            let waiting = self
                .read(move |session| Ok(!waiting(session, tenant, feed, 1)?.is_empty()))
                .await?;
            if !waiting {
                return Ok(());
            }
            self.write_locked(move |session| number(session, tenant, feed))
                .await?;
        }
    }

    /// Forgets the changes before a time, of all tenants; answers how many.
    pub async fn prune_changes(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut pruned = 0;
        for tenant in self.tenants().await? {
            for feed in Feed::ALL {
                // Without a number nobody could be told that it is gone.
                self.number_changes(tenant.id, feed).await?;
                let tenant = tenant.id;
                pruned += self
                    .write_locked(move |session| prune(session, tenant, feed, before))
                    .await?;
            }
        }
        Ok(pruned)
    }
}

/// Reads the objects that changes name, each with its place among them; what is not
/// there any more is left out.
type Fetch<T> = fn(&mut Session<'_>, TenantId, &[Vec<u8>]) -> Result<Vec<(usize, T)>, StoreError>;

fn arrived(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[Vec<u8>],
) -> Result<Vec<(usize, Vec<u8>)>, StoreError> {
    let ids: Vec<_> = ids
        .iter()
        .map(|id| activity_id(id))
        .collect::<Result<_, _>>()?;
    let mut records = Vec::with_capacity(ids.len());
    activities::each_record(session, tenant, &ids, |index, record| {
        records.push((index, record));
        Ok(())
    })?;
    Ok(records)
}

fn changed(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[Vec<u8>],
) -> Result<Vec<(usize, Alert)>, StoreError> {
    let mut records = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let id = id.as_slice().try_into().map_err(|_| StoreError::Feed)?;
        let alert = alerts::fetch(session, tenant, RecordId::from_bytes(id))?;
        records.extend(alert.map(|alert| (index, alert)));
    }
    Ok(records)
}

/// Where a feed stands.
struct FeedState {
    given: i64,
    pruned: i64,
}

impl FeedState {
    /// The state that nobody changes until the transaction ends.
    fn lock(session: &mut Session<'_>, tenant: TenantId, feed: Feed) -> Result<Self, StoreError> {
        session.execute(
            "INSERT INTO change_feed (tenant_id, feed, given, pruned) VALUES (?1, ?2, 0, 0)
             ON CONFLICT DO NOTHING",
            params![tenant, feed.value()],
        )?;
        Self::of(session, tenant, feed, session.for_update())
    }

    fn read(session: &mut Session<'_>, tenant: TenantId, feed: Feed) -> Result<Self, StoreError> {
        Self::of(session, tenant, feed, "")
    }

    fn of(
        session: &mut Session<'_>,
        tenant: TenantId,
        feed: Feed,
        locked: &str,
    ) -> Result<Self, StoreError> {
        let row = session.row(
            &format!(
                "SELECT given, pruned FROM change_feed
                 WHERE tenant_id = ?1 AND feed = ?2{locked}"
            ),
            params![tenant, feed.value()],
        )?;
        row.map_or(
            Ok(Self {
                given: 0,
                pruned: 0,
            }),
            |mut row| {
                Ok(Self {
                    given: row.get(0)?,
                    pruned: row.get(1)?,
                })
            },
        )
    }
}

/// Writes that these activities arrived.
pub(crate) fn activities_arrived(
    session: &mut Session<'_>,
    tenant: TenantId,
    ids: &[ActivityId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut objects = Vec::with_capacity(ids.len() * Feed::Activities.width());
    for id in ids {
        objects.extend_from_slice(&id.timestamp.millis().to_be_bytes());
        objects.extend_from_slice(id.uuid.as_bytes());
    }
    append(session, tenant, Feed::Activities, objects, now)
}

/// Writes that an alert was made or changed.
pub(crate) fn alert_changed(
    session: &mut Session<'_>,
    tenant: TenantId,
    alert: RecordId,
    now: Timestamp,
) -> Result<(), StoreError> {
    append(session, tenant, Feed::Alerts, alert.bytes().to_vec(), now)
}

fn append(
    session: &mut Session<'_>,
    tenant: TenantId,
    feed: Feed,
    objects: Vec<u8>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if objects.is_empty() {
        return Ok(());
    }
    session.execute(
        "INSERT INTO change (tenant_id, id, created, feed, objects, sequence)
         VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
        params![tenant, KeyId::random(), now, feed.value(), objects],
    )?;
    session.has_changes = true;
    Ok(())
}

fn waiting(
    session: &mut Session<'_>,
    tenant: TenantId,
    feed: Feed,
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    session.rows(
        "SELECT id FROM change WHERE tenant_id = ?1 AND feed = ?2 AND sequence IS NULL
         ORDER BY created LIMIT ?3",
        params![tenant, feed.value(), limit],
    )
}

fn number(session: &mut Session<'_>, tenant: TenantId, feed: Feed) -> Result<(), StoreError> {
    let mut given = FeedState::lock(session, tenant, feed)?.given;
    for mut row in waiting(session, tenant, feed, NUMBERED)? {
        given += 1;
        session.execute(
            "UPDATE change SET sequence = ?3 WHERE tenant_id = ?1 AND id = ?2",
            params![tenant, row.get::<KeyId>(0)?, given],
        )?;
    }
    session.execute(
        "UPDATE change_feed SET given = ?3 WHERE tenant_id = ?1 AND feed = ?2",
        params![tenant, feed.value(), given],
    )?;
    Ok(())
}

fn prune(
    session: &mut Session<'_>,
    tenant: TenantId,
    feed: Feed,
    before: Timestamp,
) -> Result<u64, StoreError> {
    FeedState::lock(session, tenant, feed)?;
    let last = session.number(
        "SELECT MAX(sequence) FROM change WHERE tenant_id = ?1 AND feed = ?2 AND created < ?3",
        params![tenant, feed.value(), before],
    )?;
    if last == 0 {
        return Ok(0);
    }
    // Numbers are given in the order of time as far as clocks agree; what was made later
    // but got a lower number goes with the rest, so that the feed has no holes.
    let pruned = session.execute(
        "DELETE FROM change WHERE tenant_id = ?1 AND feed = ?2 AND sequence <= ?3",
        params![tenant, feed.value(), last],
    )?;
    session.execute(
        "UPDATE change_feed SET pruned = ?3 WHERE tenant_id = ?1 AND feed = ?2",
        params![tenant, feed.value(), last],
    )?;
    Ok(pruned)
}

fn activity_id(bytes: &[u8]) -> Result<ActivityId, StoreError> {
    let (millis, uuid) = bytes.split_at_checked(8).ok_or(StoreError::Feed)?;
    let millis = millis.try_into().map_err(|_| StoreError::Feed)?;
    Ok(ActivityId {
        timestamp: Timestamp(i64::from_be_bytes(millis)),
        uuid: uuid::Uuid::from_slice(uuid).map_err(|_| StoreError::Feed)?,
    })
}

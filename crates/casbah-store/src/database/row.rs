//! Rows of an answer, the same from both databases.

use casbah_model::identity::{Digest, Platform};
use casbah_model::ids::{AppId, KeyId, ObjectId, RecordId, SaasId, TenantId};
use casbah_model::time::Timestamp;
use sea_query::Value;

use crate::error::StoreError;

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// One row, taken apart from left to right or by place.
#[derive(Debug)]
pub(crate) struct Row(pub(super) Vec<Cell>);

impl Row {
    /// All its values, from left to right.
    pub(crate) fn into_cells(self) -> Vec<Cell> {
        self.0
    }

    /// The value in `column`, which is taken out of the row.
    pub(crate) fn get<T: FromCell>(&mut self, column: usize) -> Result<T, StoreError> {
        let cell = self
            .0
            .get_mut(column)
            .map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null));
        T::from_cell(cell).ok_or(StoreError::Column {
            column,
            expected: T::NAME,
        })
    }

    /// What stands from `column` on.
    pub(crate) fn rest(&self, column: usize) -> Vec<Cell> {
        self.0.get(column..).unwrap_or_default().to_vec()
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::BigInt(None),
            Cell::Int(value) => value.into(),
            Cell::Real(value) => value.into(),
            Cell::Text(value) => value.into(),
            Cell::Blob(value) => value.into(),
        }
    }
}

/// A type that a column can hold.
pub(crate) trait FromCell: Sized {
    const NAME: &'static str;

    fn from_cell(cell: Cell) -> Option<Self>;
}

impl<T: FromCell> FromCell for Option<T> {
    const NAME: &'static str = T::NAME;

    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

macro_rules! from_cell {
    ($type:ty, $name:literal, $cell:pat => $value:expr) => {
        impl FromCell for $type {
            const NAME: &'static str = $name;

            fn from_cell(cell: Cell) -> Option<Self> {
                match cell {
                    $cell => $value,
                    _ => None,
                }
            }
        }
    };
}

from_cell!(i64, "an integer", Cell::Int(value) => Some(value));
from_cell!(i32, "a 32-bit integer", Cell::Int(value) => i32::try_from(value).ok());
from_cell!(u32, "an unsigned integer", Cell::Int(value) => u32::try_from(value).ok());
from_cell!(u64, "an unsigned integer", Cell::Int(value) => u64::try_from(value).ok());
from_cell!(bool, "0 or 1", Cell::Int(value) => match value { 0 => Some(false), 1 => Some(true), _ => None });
from_cell!(f64, "a number", Cell::Real(value) => Some(value));
from_cell!(String, "text", Cell::Text(value) => Some(value));
from_cell!(Vec<u8>, "bytes", Cell::Blob(value) => Some(value));
from_cell!(Timestamp, "a time", Cell::Int(value) => Some(Timestamp(value)));
from_cell!(SaasId, "an app's number", Cell::Int(value) => i32::try_from(value).ok().map(SaasId));
from_cell!(uuid::Uuid, "a uuid", Cell::Blob(value) => uuid::Uuid::from_slice(&value).ok());
from_cell!(Digest, "a digest", Cell::Blob(value) => value.try_into().ok().map(Digest::new));
from_cell!(Platform, "a platform", Cell::Text(value) => Platform::from_name(&value));
from_cell!(RecordId, "a record id", Cell::Blob(value) => value.try_into().ok().map(RecordId::from_bytes));

macro_rules! from_uuid {
    ($($type:ident),+) => {
        $(impl FromCell for $type {
            const NAME: &'static str = stringify!($type);

            fn from_cell(cell: Cell) -> Option<Self> {
                uuid::Uuid::from_cell(cell).map($type::new)
            }
        })+
    };
}

from_uuid!(AppId, KeyId, ObjectId, TenantId);

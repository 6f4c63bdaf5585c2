//! The identity service as clients and browsers see it.

mod arm;
mod certificates;
mod company;
mod company_attacks;
mod company_recent;
mod company_sign_in;
mod consent;
mod consent_page;
mod device;
mod documented;
mod federated;
mod federated_attacks;
mod graph;
mod graph_calls;
mod graph_changes;
mod identity_providers;
mod invitation;
mod issuer;
mod metadata;
mod on_behalf_of;
mod organization;
mod owners;
mod password_grant;
mod people;
mod people_limits;
mod recovery_codes;
mod refresh;
mod second_factor;
mod sign_in;
mod single_use;
mod token;

use crate::testing::browser;
use crate::testing::directory::{Directory, Registered};

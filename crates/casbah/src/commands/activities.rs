//! Activities.

use casbah_client::{Feed, ListQuery};
use casbah_model::feedback::ActivityVerdict;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::watch::{self, WatchArgs, Watched};
use super::write_pages;
use crate::context::Context;
use crate::error::CliError;
use crate::filters::{FeedbackArgs, ListArgs, TimeArgs};
use crate::output::{ACTIVITY, ACTIVITY_FEEDBACK, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum ActivitiesCommand {
    /// Activities, the newest first
    ///
    /// For example: casbah activities list --user admin@contoso.example --ip 192.0.2.7 --since 1d
    List(Box<ActivityListArgs>),
    /// One activity
    Show {
        /// The activity's id
        id: String,
    },
    /// Activities as they arrive, a line each, until it is ended
    ///
    /// For example: casbah activities watch --output ndjson | jq .description
    Watch(WatchArgs),
    /// What people say of an activity
    #[command(subcommand)]
    Feedback(FeedbackCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeedbackCommand {
    /// What was said, the latest first
    List {
        /// The activity's id
        id: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Say something
    ///
    /// For example: casbah activities feedback give ID --verdict harmless --feedback 'a test'
    Give {
        /// The activity's id
        id: String,
        /// The verdict, in your own words or a number
        #[arg(long, value_name = "VERDICT")]
        verdict: String,
        #[command(flatten)]
        feedback: FeedbackArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ActivityListArgs {
    /// Only this user's
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only from this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<String>,
    /// Only in this app (its number, such as 11161)
    #[arg(long, value_name = "NUMBER")]
    app: Option<i64>,
    /// Only from this country
    #[arg(long, value_name = "ISO CODE")]
    country: Option<String>,
    /// Only with these words
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// Only those that an alert names as evidence
    #[arg(long, value_name = "ALERT ID")]
    alert: Option<String>,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    list: ListArgs,
}

pub(crate) async fn run(context: &Context, command: ActivitiesCommand) -> Result<(), CliError> {
    let client = context.client()?;
    match command {
        ActivitiesCommand::List(arguments) => {
            let query = query(&arguments);
            let pages = if arguments.list.all {
                client.scan_activities(query)
            } else {
                client.activities(query)
            };
            write_pages(context, ACTIVITY, pages).await?;
        }
        ActivitiesCommand::Show { id } => {
            let activity: Value = client.activity(&id).await?;
            context.out.record(ACTIVITY, &activity)?;
        }
        ActivitiesCommand::Watch(arguments) => {
            let watched = Watched {
                feed: Feed::Activities,
                columns: ACTIVITY,
            };
            return watch::run(context, watched, arguments).await;
        }
        ActivitiesCommand::Feedback(FeedbackCommand::List { id, list }) => {
            let pages = client.activity_feedback(&id, list.query());
            return write_pages(context, ACTIVITY_FEEDBACK, pages).await;
        }
        ActivitiesCommand::Feedback(FeedbackCommand::Give {
            id,
            verdict,
            feedback,
        }) => {
            let verdict = ActivityVerdict {
                feedback_value: verdict,
                feedback: feedback.given().unwrap_or_default(),
            };
            client.give_activity_feedback(&id, &verdict).await?;
            Output::note("Kept.");
            return Ok(());
        }
    }
    context.attribute_countries();
    Ok(())
}

fn query(arguments: &ActivityListArgs) -> ListQuery {
    let mut query = arguments.time.narrow(arguments.list.query());
    let texts = [
        ("user.username", "eq", &arguments.user),
        ("ip.address", "eq", &arguments.ip),
        ("location.country", "eq", &arguments.country),
        ("text", "text", &arguments.text),
        ("activity.alertId", "eq", &arguments.alert),
    ];
    for (field, operator, value) in texts {
        if let Some(value) = value {
            query = query.filter(field, operator, value.as_str());
        }
    }
    if let Some(app) = arguments.app {
        query = query.filter("service", "eq", app);
    }
    query
}

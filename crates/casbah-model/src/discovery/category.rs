//! Categories of apps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! categories {
    ($($variant:ident = $id:literal, $name:literal;)+) => {
        /// Category of a discovered app.
        ///
        /// Source: `MicrosoftDocs/CloudAppSecurityDocs`, `api-discovery-list-categories.md`. The
        /// pseudo category "All" and the second "Insurance" of that list are not categories of
        /// an app and are left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum AppCategory {
            $(
                #[doc = $name]
                #[serde(rename = $id)]
                $variant,
            )+
        }

        impl AppCategory {
            /// Every category, in the order of its wire name.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Name on the wire: `SAASDB_CATEGORY_…`, with the original's spelling.
            pub const fn wire_name(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// Name for people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

categories! {
    AccountingAndFinance = "SAASDB_CATEGORY_ACCOUNTING_AND_FINANCE", "Accounting and finance";
    Advertising = "SAASDB_CATEGORY_ADVERTISING", "Advertising";
    BusinessIntelligence = "SAASDB_CATEGORY_BUSINESS_INTELLIGENCE", "Business intelligence";
    BusinessManagement = "SAASDB_CATEGORY_BUSINESS_MANAGEMENT", "Business management";
    CloudComputingPlatform = "SAASDB_CATEGORY_CLOUD_COMPUTING_PLATFORM", "Cloud computing platform";
    CloudStorage = "SAASDB_CATEGORY_CLOUD_STORAGE", "Cloud storage";
    CodeHosting = "SAASDB_CATEGORY_CODE_HOSTING", "Code hosting";
    Collaboration = "SAASDB_CATEGORY_COLLABORATION", "Collaboration";
    Communications = "SAASDB_CATEGORY_COMMUNICATIONS", "Communications";
    Consumer = "SAASDB_CATEGORY_CONSUMER", "Consumer";
    ContentManagement = "SAASDB_CATEGORY_CONTENT_MANAGEMENT", "Content management";
    ContentSharing = "SAASDB_CATEGORY_CONTENT_SHARING", "Content sharing";
    Crm = "SAASDB_CATEGORY_CRM", "CRM";
    CustomerSupport = "SAASDB_CATEGORY_CUSTOMER_SUPPORT", "Customer support";
    DataAnalytics = "SAASDB_CATEGORY_DATA_ANALYTICS", "Data analytics";
    DevelopmentTools = "SAASDB_CATEGORY_DEVELOPMENT_TOOLS", "Development tools";
    ECommerce = "SAASDB_CATEGORY_ECOMMERCE", "E-commerce";
    Education = "SAASDB_CATEGORY_EDUCATION", "Education";
    Forums = "SAASDB_CATEGORY_FORUMS", "Forums";
    Health = "SAASDB_CATEGORY_HEALTH", "Health";
    HostingServices = "SAASDB_CATEGORY_HOSTING_SERVICES", "Hosting services";
    HumanResourceManagement = "SAASDB_CATEGORY_HUMAN_RESOURCE_MANAGEMENT", "Human-resource management";
    InternetOfThings = "SAASDB_CATEGORY_INTERNET_OF_THINGS", "Internet of Things";
    ItServices = "SAASDB_CATEGORY_IT_SERVICES", "IT services";
    Marketing = "SAASDB_CATEGORY_MARKETING", "Marketing";
    Media = "SAASDB_CATEGORY_MEDIA", "Media";
    NewsAndEntertainment = "SAASDB_CATEGORY_NEWS_AND_ENTERTAINMENT", "News and entertainment";
    OnlineMeetings = "SAASDB_CATEGORY_ONLINE_MEETINGS", "Online meetings";
    OperationsManagement = "SAASDB_CATEGORY_OPERATIONS_MANAGEMENT", "Operations management";
    PersonalInstantMessaging = "SAASDB_CATEGORY_PERSONAL_INSTANT_MESSAGING", "Personal instant messaging";
    ProductDesign = "SAASDB_CATEGORY_PRODUCT_DESIGN", "Product design";
    Productivity = "SAASDB_CATEGORY_PRODUCTIVITY", "Productivity";
    ProjectManagement = "SAASDB_CATEGORY_PROJECT_MANAGEMENT", "Project management";
    PropertyManagement = "SAASDB_CATEGORY_PROPERTY_MANAGEMENT", "Property management";
    Sales = "SAASDB_CATEGORY_SALES", "Sales";
    Security = "SAASDB_CATEGORY_SECURITY", "Security";
    SocialNetwork = "SAASDB_CATEGORY_SOCIAL_NETWORK", "Social network";
    SupplyChainAndLogistics = "SAASDB_CATEGORY_SUPLLY_CHAIN_AND_LOGISTICS", "Supply chain and logistics";
    TimeTracking = "SAASDB_CATEGORY_TIME_TRACKING", "Time tracking";
    TransportationAndTravel = "SAASDB_CATEGORY_TRANSPORTATION_AND_TRAVEL", "Transportation and travel";
    Unclassified = "SAASDB_CATEGORY_UNCLASSIFIED", "Unclassified";
    VendorManagementSystem = "SAASDB_CATEGORY_VENDOR_MANAGEMENT_SYSTEM", "Vendor management system";
    WebAnalytics = "SAASDB_CATEGORY_WEB_ANALYTICS", "Web analytics";
    Webmail = "SAASDB_CATEGORY_WEBMAIL", "Webmail";
    WebsiteMonitoring = "SAASDB_CATEGORY_WEBSITE_MONITORING", "Website monitoring";
}

impl AppCategory {
    /// Finds a category by its wire name.
    pub fn from_wire_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|category| category.wire_name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::AppCategory;

    #[test]
    fn every_wire_name_leads_back_to_its_category() {
        assert_eq!(AppCategory::ALL.len(), 45);
        for category in AppCategory::ALL {
            assert_eq!(
                AppCategory::from_wire_name(category.wire_name()),
                Some(*category)
            );
            let json = serde_json::to_string(category).expect("serialises");
            assert_eq!(json, format!("\"{}\"", category.wire_name()));
        }
        assert_eq!(AppCategory::from_wire_name("SAASDB_CATEGORY_ALL"), None);
    }
}

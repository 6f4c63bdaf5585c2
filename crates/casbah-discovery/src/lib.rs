//! Log formats, the app catalog, risk scores, reports and block scripts.

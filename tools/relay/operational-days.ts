/** How long an operational certificate is valid (PROTOCOL 8), in days: unless somebody says otherwise, and at most. */
export const OPERATIONAL_DAYS = 180;
export const OPERATIONAL_DAYS_MAX = 825;

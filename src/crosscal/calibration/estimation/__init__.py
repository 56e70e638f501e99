"""Every error with interval, noise floor and p-value, from one draw of clusters."""

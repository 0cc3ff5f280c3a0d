/** Rows per page of lnd and tapd: some replies have been seen beyond every message limit when they were not paged. */
export const PAGE_SIZE_MAX = 200;

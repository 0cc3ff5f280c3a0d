/**
 * How many blocks back a transaction is looked for by its label. The label is the id of the job that sends, and a job is tried for days at
 * most: in two weeks of blocks lies every transaction that an earlier try can have sent. One that waits for a block is always listed.
 */
export const LABEL_LOOK_BACK_BLOCKS = 2016;

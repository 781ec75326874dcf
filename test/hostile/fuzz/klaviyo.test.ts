import { keepsItsPromises } from './promises.ts';

keepsItsPromises('klaviyo', 96);

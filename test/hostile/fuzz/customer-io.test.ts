import { keepsItsPromises } from './promises.ts';

keepsItsPromises('customer_io', 29);

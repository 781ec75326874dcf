import { keepsItsPromises } from './promises.ts';

keepsItsPromises('pendo', 29);

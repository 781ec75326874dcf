import { keepsItsPromises } from './promises.ts';

keepsItsPromises('listrak', 29);

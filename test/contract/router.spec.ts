import { SubsetRouter } from '../../lib/routing/subset/subset-router.js';
import { routerContract } from './router.contract.js';

routerContract('subset', () => new SubsetRouter());

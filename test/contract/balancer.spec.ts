import { RoundRobinBalancer } from '../../lib/balance/round-robin/round-robin-balancer.js';
import { balancerContract } from './balancer.contract.js';

balancerContract('round-robin', () => new RoundRobinBalancer());

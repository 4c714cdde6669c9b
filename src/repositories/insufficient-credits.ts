export { insufficientCredits } from '../domain/insufficient-credits.js';

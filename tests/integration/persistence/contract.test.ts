import { describePersistence } from '../../support/contracts/persistence.contract.js';
import { openRealPersistence } from '../../support/open-persistence.js';

describePersistence(() => openRealPersistence());

'use strict';

const MICRO_PER_CREDIT = 1_000_000n;

/** The seeded accounts, all with the password `password`. The ids are fixed, so that `down` can remove them. */
const seedUsers = [
  {
    id: '019a0000-0000-7000-8000-000000000001',
    grantId: '019a0000-0000-7000-8000-000000000011',
    email: 'admin@example.com',
    role: 'admin',
    micro: 1000n * MICRO_PER_CREDIT,
  },
  {
    id: '019a0000-0000-7000-8000-000000000002',
    grantId: '019a0000-0000-7000-8000-000000000012',
    email: 'user1@example.com',
    role: 'user',
    micro: 100n * MICRO_PER_CREDIT,
  },
  {
    id: '019a0000-0000-7000-8000-000000000003',
    grantId: '019a0000-0000-7000-8000-000000000013',
    email: 'user2@example.com',
    role: 'user',
    micro: 50n * MICRO_PER_CREDIT,
  },
];

module.exports = { seedUsers };

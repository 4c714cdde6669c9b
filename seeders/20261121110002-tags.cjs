'use strict';

const { developmentSeed } = require('./support/development-seed.cjs');

const names = ['computer-vision', 'ai', 'machine-learning', 'deep-learning', 'neural-networks'];

module.exports = developmentSeed({
  async up(query) {
    for (const [index, name] of names.entries()) {
      const id = `019a0000-0000-7000-8000-00000000002${index + 1}`;
      await query('INSERT INTO tags (id, name) VALUES (:id, :name)', { id, name });
    }
  },

  async down(query) {
    await query('DELETE FROM tags WHERE name IN (:names)', { names });
  },
});

'use strict';

const { domainToASCII, domainToUnicode } = require('node:url');

/** The form in which this version stores an e-mail; a later version may need another migration, so it is spelled out here. */
function canonicalEmail(email) {
  const lower = email.trim().toLowerCase().normalize('NFC');
  const at = lower.lastIndexOf('@');
  const domain = domainToUnicode(domainToASCII(lower.slice(at + 1))).normalize('NFC');
  return at < 0 || domain === '' ? lower : `${lower.slice(0, at)}@${domain}`;
}

/** A name that nobody else has: the wanted one, or with the first free number behind it. */
function freeName(wanted, taken) {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : ` (${number})`;
    const name = `${[...wanted].slice(0, 255 - suffix.length).join('')}${suffix}`;
    if (!taken.has(name)) return name;
  }
}

const compose = (text) => text.normalize('NFC');

/** Names and e-mails become NFC. Where that makes two the same, the second keeps a form of its own. */
async function up(queryInterface) {
  await queryInterface.sequelize.transaction(async (transaction) => {
    const query = (sql, replacements = {}) =>
      queryInterface.sequelize.query(sql, { replacements, transaction });
    const rows = async (sql) => (await query(sql))[0];

    const users = await rows('SELECT id, email FROM users ORDER BY created_at, id');
    const emails = new Set(users.map(({ email }) => email));
    for (const { id, email } of users) {
      const canonical = canonicalEmail(email);
      // Two accounts cannot become one: the later one keeps its address, and signs in after its owner asked an admin.
      if (canonical === email || emails.has(canonical)) continue;
      await query('UPDATE users SET email = :canonical WHERE id = :id', { canonical, id });
      emails.add(canonical);
    }

    const datasets = await rows(
      'SELECT id, user_id, name, tags, deleted_at FROM datasets ORDER BY created_at, id',
    );
    const key = ({ user_id: userId }, name) => `${userId} ${name}`;
    const live = datasets.filter(({ deleted_at: deletedAt }) => deletedAt === null);
    const names = new Set(live.map((row) => key(row, row.name)));
    for (const row of datasets) {
      const tags = [...new Set(row.tags.map(compose))];
      const wanted = compose(row.name);
      const taken = {
        has: (name) => name !== row.name && row.deleted_at === null && names.has(key(row, name)),
      };
      const name = wanted === row.name ? wanted : freeName(wanted, taken);
      if (name === row.name && tags.join('\n') === row.tags.join('\n')) continue;
      await query('UPDATE datasets SET name = :name, tags = ARRAY[:tags]::text[] WHERE id = :id', {
        id: row.id,
        name,
        tags: tags.length > 0 ? tags : [null],
      });
      if (tags.length === 0) await query("UPDATE datasets SET tags = '{}' WHERE id = :id", { id: row.id });
      if (row.deleted_at === null) names.add(key(row, name));
    }

    for (const { id, name } of await rows('SELECT id, name FROM media')) {
      if (compose(name) !== name)
        await query('UPDATE media SET name = :name WHERE id = :id', { id, name: compose(name) });
    }
    const tags = await rows('SELECT id, name FROM tags');
    const known = new Set(tags.map(({ name }) => name));
    for (const { id, name } of tags) {
      if (compose(name) === name) continue;
      if (known.has(compose(name))) await query('DELETE FROM tags WHERE id = :id', { id });
      else await query('UPDATE tags SET name = :name WHERE id = :id', { id, name: compose(name) });
      known.add(compose(name));
    }
  });
}

/** The decomposed forms are lost, and nothing misses them. */
async function down() {}

module.exports = { up, down };

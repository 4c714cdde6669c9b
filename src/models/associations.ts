import type { Models } from './model-classes.js';

/**
 * Defines the relations between the tables; called after all classes are defined. Deletion of parent rows is handled by
 * the foreign keys of the migrations, never by Sequelize.
 */
export function defineAssociations(models: Models): void {
  const { users, datasets, media, datasetItems, inferenceJobs, results, jobEvents, creditTransactions } =
    models;
  const by = (foreignKey: string, as: string) => ({ foreignKey, as, constraints: false, hooks: false });

  users.hasMany(datasets, by('userId', 'datasets'));
  users.hasMany(inferenceJobs, by('userId', 'jobs'));
  users.hasMany(creditTransactions, by('userId', 'creditTransactions'));
  datasets.hasMany(media, by('datasetId', 'media'));
  datasets.hasMany(datasetItems, by('datasetId', 'items'));
  datasets.hasMany(inferenceJobs, by('datasetId', 'jobs'));
  datasetItems.belongsTo(media, by('sourceMediaId', 'source'));
  datasetItems.belongsTo(media, by('maskMediaId', 'mask'));
  inferenceJobs.hasOne(results, by('jobId', 'result'));
  inferenceJobs.hasMany(jobEvents, by('jobId', 'events'));
}

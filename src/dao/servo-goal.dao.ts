import { Dao } from './dao.js';

/** Table `servo_goals`: images of goals, once for each user and content. */
export class ServoGoalDao extends Dao {
  /** Adds an image, or notes that it is used again. */
  async keep(userId: string, sha256: string, image: Uint8Array): Promise<void> {
    await this.rows(
      `INSERT INTO servo_goals (user_id, sha256, image, used_at) VALUES ($userId, $sha256, $image, clock_timestamp())
       ON CONFLICT (user_id, sha256) DO UPDATE SET used_at = EXCLUDED.used_at RETURNING sha256`,
      { userId, sha256, image: Buffer.from(image.buffer, image.byteOffset, image.byteLength) },
    );
  }

  /** Removes the ones used least recently, so that `most` of the user are left. */
  async prune(userId: string, most: number): Promise<void> {
    await this.rows(
      `DELETE FROM servo_goals WHERE user_id = $userId AND sha256 NOT IN
         (SELECT sha256 FROM servo_goals WHERE user_id = $userId ORDER BY used_at DESC LIMIT $most) RETURNING sha256`,
      { userId, most },
    );
  }

  async find(userId: string, sha256: string): Promise<Buffer | null> {
    const [row] = await this.rows<{ image: Buffer }>(
      'SELECT image FROM servo_goals WHERE user_id = $userId AND sha256 = $sha256',
      { userId, sha256 },
    );
    return row?.image ?? null;
  }
}

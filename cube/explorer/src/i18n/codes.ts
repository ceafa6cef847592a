import { type Language } from '.';

/** Codes of the bank that stand alone in a card, in words. What is not listed is shown as it is. */
const WORDS: Readonly<Record<string, Record<Language, string>>> = {
  PERSON: { en: 'Person', zh: '个人' },
  CORPORATE: { en: 'Company', zh: '企业' },
  INSTITUTION: { en: 'Institution', zh: '机构' },
  NEW: { en: 'New', zh: '新客户' },
  ESTABLISHED: { en: 'Established', zh: '稳定' },
  FIRST: { en: 'First grade', zh: '首次评级' },
  UP: { en: 'Up', zh: '上调' },
  DOWN: { en: 'Down', zh: '下调' },
  NONE: { en: 'None', zh: '无变动' },
  VISIT: { en: 'Visit', zh: '上门拜访' },
  MEETING: { en: 'Meeting', zh: '网点面谈' },
  CALL: { en: 'Call', zh: '电话' },
  VIDEO: { en: 'Video call', zh: '视频' },
  MESSAGE: { en: 'Message', zh: '短信' },
  EMAIL: { en: 'E-mail', zh: '邮件' },
  REACHED: { en: 'Reached', zh: '已接通' },
  NOT_REACHED: { en: 'Not reached', zh: '未接通' },
  REFUSED: { en: 'Refused', zh: '拒绝' },
  ASSET: { en: 'Assets', zh: '资产' },
  LIABILITY: { en: 'Liabilities', zh: '负债' },
  INTERMEDIARY: { en: 'Services', zh: '中间业务' },
};

export function wordOf(code: string, language: Language): string {
  return WORDS[code]?.[language] ?? code;
}
